//! The arguments of a command, as COMMAND DOCS describes them.

/// The kind of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ArgKind {
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    PureToken,
    /// One of `args`.
    OneOf,
    /// All of `args`, in order.
    Block,
}

impl ArgKind {
    /// The name as COMMAND DOCS gives it.
    pub fn name(self) -> &'static str {
        match self {
            ArgKind::String => "string",
            ArgKind::Integer => "integer",
            ArgKind::Double => "double",
            ArgKind::Key => "key",
            ArgKind::Pattern => "pattern",
            ArgKind::UnixTime => "unix-time",
            ArgKind::PureToken => "pure-token",
            ArgKind::OneOf => "oneof",
            ArgKind::Block => "block",
        }
    }
}

/// An argument. Made by the constructors and refined by the methods below, all of them `const`:
/// `Arg::integer("seconds").token("EX").optional()`.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// What it is called.
    pub name: &'static str,
    /// What people are shown in place of the name.
    pub display: &'static str,
    /// Its kind.
    pub kind: ArgKind,
    /// The word before it, or that it consists of; empty: none.
    pub token: &'static str,
    /// For keys: which of the command's key specifications.
    pub key_spec: usize,
    /// The version that has introduced it, if it is younger than the command; empty: none.
    pub since: &'static str,
    /// The version since which it should not be used; empty: none.
    pub deprecated: &'static str,
    /// May be left out.
    pub optional: bool,
    /// May be given several times.
    pub multiple: bool,
    /// Several times with its token each time.
    pub multiple_token: bool,
    /// What a one-of or a block consists of.
    pub args: &'static [Arg],
}

impl Arg {
    const fn new(name: &'static str, kind: ArgKind) -> Arg {
        Arg {
            name,
            display: name,
            kind,
            token: "",
            key_spec: 0,
            since: "",
            deprecated: "",
            optional: false,
            multiple: false,
            multiple_token: false,
            args: &[],
        }
    }

    /// A key of the `key_spec`th key specification.
    pub const fn key(name: &'static str, key_spec: usize) -> Arg {
        Arg { key_spec, ..Arg::new(name, ArgKind::Key) }
    }

    /// Any bytes.
    pub const fn string(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::String)
    }

    /// An integer.
    pub const fn integer(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Integer)
    }

    /// A floating-point number.
    pub const fn double(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Double)
    }

    /// A glob pattern.
    pub const fn pattern(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::Pattern)
    }

    /// A time since 1970.
    pub const fn unix_time(name: &'static str) -> Arg {
        Arg::new(name, ArgKind::UnixTime)
    }

    /// A word that is the whole argument, such as NX.
    pub const fn flag(name: &'static str, token: &'static str) -> Arg {
        Arg { token, ..Arg::new(name, ArgKind::PureToken) }
    }

    /// One of several.
    pub const fn one_of(name: &'static str, args: &'static [Arg]) -> Arg {
        Arg { args, ..Arg::new(name, ArgKind::OneOf) }
    }

    /// Several in order.
    pub const fn block(name: &'static str, args: &'static [Arg]) -> Arg {
        Arg { args, ..Arg::new(name, ArgKind::Block) }
    }

    /// Shown to people as `display`.
    pub const fn shown_as(self, display: &'static str) -> Arg {
        Arg { display, ..self }
    }

    /// Introduced by this version.
    pub const fn since(self, since: &'static str) -> Arg {
        Arg { since, ..self }
    }

    /// Not to be used since this version.
    pub const fn deprecated(self, deprecated: &'static str) -> Arg {
        Arg { deprecated, ..self }
    }

    /// With a word before it.
    pub const fn token(self, token: &'static str) -> Arg {
        Arg { token, ..self }
    }

    /// May be left out.
    pub const fn optional(self) -> Arg {
        Arg { optional: true, ..self }
    }

    /// May be given several times.
    pub const fn multiple(self) -> Arg {
        Arg { multiple: true, ..self }
    }

    /// May be given several times, with its token each time.
    pub const fn multiple_token(self) -> Arg {
        Arg { multiple: true, multiple_token: true, ..self }
    }
}
