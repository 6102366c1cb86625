//! A directive: one row of the table, and finding rows by name.

use crate::error::ValueError;
use crate::kind::{Kind, Notation, Stage, Written};
use crate::number::format_memory;
use crate::rules::Rule;
use crate::table::DIRECTIVES;
use crate::value::Value;

/// Properties of a directive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    /// Set at start only.
    pub const IMMUTABLE: Self = Self(1 << 0);
    /// A secret: kept out of logs, SLOWLOG and MONITOR.
    pub const SENSITIVE: Self = Self(1 << 1);
    /// Takes several arguments.
    pub const MULTI: Self = Self(1 << 2);
    /// Set at run time only as far as `enable-protected-configs` allows.
    pub const PROTECTED: Self = Self(1 << 3);
    /// Not set while data is loaded.
    pub const DENY_LOADING: Self = Self(1 << 4);
    /// For tests: shown by CONFIG GET by its exact name only.
    pub const HIDDEN: Self = Self(1 << 5);
    /// Setting it to the same value counts as a change, as the file it names may have changed.
    pub const VOLATILE: Self = Self(1 << 6);

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// All there is to know about a directive.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Its name.
    pub name: &'static str,
    /// Older names that still work, and that CONFIG GET shows too.
    pub aliases: &'static [&'static str],
    /// Its properties.
    pub flags: Flags,
    /// The group it belongs to in help and documentation.
    pub section: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    pub(crate) kind: Kind,
    pub(crate) rule: Rule,
}

impl Directive {
    /// The directive of this name or alias, without regard to case.
    #[must_use]
    pub fn find(name: &[u8]) -> Option<&'static Self> {
        find(name).map(|found| &DIRECTIVES[found.index])
    }

    /// Whether CONFIG SET may change it.
    #[must_use]
    pub const fn is_mutable(&self) -> bool {
        !self.flags.contains(Flags::IMMUTABLE)
    }

    /// The values it takes, described for people.
    #[must_use]
    pub fn syntax(&self) -> String {
        self.kind.syntax()
    }

    /// Its default as one would write it in a file. The default of `dir`, the directory the server
    /// is started in, is `.`.
    #[must_use]
    pub fn default_text(&self) -> String {
        match self.kind {
            _ if self.name == "dir" => ".".to_string(),
            Kind::Number { default, notation: Notation::Memory, .. } => {
                format_memory(default as u64)
            }
            kind => String::from_utf8_lossy(&kind.show(&kind.default())).into_owned(),
        }
    }

    pub(crate) fn parse(
        &self,
        current: &Value,
        args: &[Vec<u8>],
        stage: Stage,
    ) -> Result<Value, ValueError> {
        (self.rule)(self.kind.parse(current, args, stage)?, stage)
    }

    pub(crate) fn show(&self, value: &Value) -> Vec<u8> {
        self.kind.show(value)
    }

    pub(crate) fn write(&self, value: &Value) -> Vec<Written> {
        self.kind.write(self.name, value)
    }

    /// Its names, the current one first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// A directive found by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its row.
    pub index: usize,
    /// The name that matched, as the table spells it.
    pub name: &'static str,
}

/// Finds a directive by name or alias. O(directives): a scan of some 200 names, off any hot path.
pub(crate) fn find(name: &[u8]) -> Option<Found> {
    DIRECTIVES.iter().enumerate().find_map(|(index, directive)| {
        let name = directive.names().find(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
        Some(Found { index, name })
    })
}

/// Finds a row by its exact name. For rows the program itself asks for.
pub(crate) fn row(name: &str) -> (usize, &'static Directive) {
    let index = find(name.as_bytes()).map_or(0, |found| found.index);
    debug_assert_eq!(DIRECTIVES[index].name, name);
    (index, &DIRECTIVES[index])
}
