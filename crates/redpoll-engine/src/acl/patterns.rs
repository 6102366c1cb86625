//! The keys, channels and databases of a selector.

use redpoll_config::glob_match;

/// What may be done to keys: bits of reading and writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access(u8);

impl Access {
    /// Nothing.
    pub const NONE: Access = Access(0);
    /// Using what a key holds.
    pub const READ: Access = Access(1);
    /// Changing what a key holds.
    pub const WRITE: Access = Access(2);
    /// Both.
    pub const ALL: Access = Access(3);

    /// Both together.
    #[must_use]
    pub fn with(self, other: Access) -> Access {
        Access(self.0 | other.0)
    }

    /// Whether all of `other` is here.
    pub fn has(self, other: Access) -> bool {
        self.0 & other.0 == other.0
    }

    /// How a pattern with this access is written.
    fn sign(self) -> &'static [u8] {
        match self {
            Access::READ => b"%R~",
            Access::WRITE => b"%W~",
            _ => b"~",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyPattern {
    pattern: Box<[u8]>,
    access: Access,
}

/// The keys that a selector allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    all: bool,
    patterns: Vec<KeyPattern>,
}

impl Keys {
    /// Allows every key, or none.
    pub fn set_all(&mut self, all: bool) {
        *self = Keys { all, patterns: Vec::new() };
    }

    /// Whether every key is allowed by `allkeys`.
    #[inline]
    pub fn are_all(&self) -> bool {
        self.all
    }

    /// Adds a pattern, or access to one that is there.
    pub fn add(&mut self, pattern: &[u8], access: Access) {
        match self.patterns.iter_mut().find(|known| *known.pattern == *pattern) {
            Some(known) => known.access = known.access.with(access),
            None => self.patterns.push(KeyPattern { pattern: pattern.into(), access }),
        }
    }

    /// Whether a key may be accessed so.
    #[inline]
    pub fn allow(&self, key: &[u8], access: Access) -> bool {
        let matches =
            |known: &KeyPattern| known.access.has(access) && glob_match(&known.pattern, key, false);
        self.all || self.patterns.iter().any(matches)
    }

    /// Whether every key that begins with `prefix` may be accessed so, by one pattern.
    pub fn allow_prefix(&self, prefix: &[u8], access: Access) -> bool {
        let covers = |known: &KeyPattern| {
            let pattern = &*known.pattern;
            // No pattern matches the empty text, not even one of stars alone.
            known.access.has(access)
                && is_open_ended(pattern)
                && (glob_match(pattern, prefix, false) || pattern.iter().all(|at| *at == b'*'))
        };
        self.all || self.patterns.iter().any(covers)
    }

    /// Whether any key whatever may be accessed so.
    pub fn allow_any(&self, access: Access) -> bool {
        let any = |known: &KeyPattern| known.access.has(access) && *known.pattern == *b"*";
        self.all || self.patterns.iter().any(any)
    }

    /// The patterns as they are written, separated by spaces.
    pub fn describe(&self) -> Vec<u8> {
        if self.all {
            return b"~*".to_vec();
        }
        let words =
            self.patterns.iter().map(|known| [known.access.sign(), &known.pattern].concat());
        let words: Vec<Vec<u8>> = words.collect();
        match words.iter().find(|word| *word == b"~*") {
            // `%RW~*` is written so, too, and nothing may stand beside it when it is read again.
            Some(all) => all.clone(),
            None => words.join(&b' '),
        }
    }
}

/// Whether a pattern ends in a `*` that stands for any characters: whatever follows a text that it
/// matches, it matches as well.
fn is_open_ended(pattern: &[u8]) -> bool {
    let mut open = false;
    let mut rest = pattern;
    while let Some((first, after)) = rest.split_first() {
        open = *first == b'*';
        rest = match first {
            b'\\' => after.get(1..).unwrap_or_default(),
            b'[' => after_class(after),
            _ => after,
        };
    }
    open
}

/// What follows a class of characters, of which `[` has been read.
fn after_class(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match rest {
            [] => return rest,
            [b']', after @ ..] => return after,
            [b'\\', _, after @ ..] | [_, b'-', _, after @ ..] | [_, after @ ..] => after,
        };
    }
}

/// The channels that a selector allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channels {
    all: bool,
    patterns: Vec<Box<[u8]>>,
}

impl Channels {
    /// Allows every channel, or none.
    pub fn set_all(&mut self, all: bool) {
        *self = Channels { all, patterns: Vec::new() };
    }

    /// Whether every channel is allowed.
    #[inline]
    pub fn are_all(&self) -> bool {
        self.all
    }

    /// Adds a pattern.
    pub fn add(&mut self, pattern: &[u8]) {
        if !self.patterns.iter().any(|known| **known == *pattern) {
            self.patterns.push(pattern.into());
        }
    }

    /// Whether a channel may be used. A pattern to subscribe to must be allowed literally: what it
    /// matches cannot be known.
    pub fn allow(&self, channel: &[u8], is_pattern: bool) -> bool {
        let matches = |known: &[u8]| match is_pattern {
            true => *known == *channel,
            false => glob_match(known, channel, false),
        };
        self.all || self.patterns.iter().any(|known| matches(known))
    }

    /// Whether everything that is allowed here is allowed by one of `others`, as they are written.
    pub fn are_within<'a>(&self, mut others: impl Iterator<Item = &'a Channels> + Clone) -> bool {
        if others.clone().any(Channels::are_all) {
            return true;
        }
        let listed = |pattern| others.any(|other| other.patterns.contains(pattern));
        !self.all && self.patterns.iter().all(listed)
    }

    /// The patterns as they are written, separated by spaces.
    pub fn describe(&self) -> Vec<u8> {
        if self.all {
            return b"&*".to_vec();
        }
        let words = self.patterns.iter().map(|pattern| [b"&", &**pattern].concat());
        words.collect::<Vec<_>>().join(&b' ')
    }
}

/// The databases that a selector allows; all of them unless it says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Databases(Option<Vec<usize>>);

impl Databases {
    /// Every database.
    pub fn all() -> Self {
        Databases(None)
    }

    /// These databases only.
    pub fn only(mut numbers: Vec<usize>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        Databases(Some(numbers))
    }

    /// Whether every database is allowed.
    #[inline]
    pub fn are_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a database is allowed.
    pub fn allow(&self, db: usize) -> bool {
        self.0.as_ref().is_none_or(|allowed| allowed.binary_search(&db).is_ok())
    }

    /// The rule that leads here; `alldbs` where it is not needed.
    pub fn describe(&self) -> String {
        match &self.0 {
            None => "alldbs".to_owned(),
            Some(numbers) if numbers.is_empty() => "resetdbs".to_owned(),
            Some(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
                format!("db={}", numbers.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let allows = |pattern: &[u8], prefix: &[u8]| {
            let mut keys = Keys::default();
            keys.add(pattern, Access::READ);
            keys.allow_prefix(prefix, Access::READ)
        };
        for (pattern, prefix) in
            [("*", ""), ("a*", "a"), ("a*", "ab"), ("a**", "a"), ("*b*", "ab"), ("[ab]*", "bc")]
        {
            assert!(allows(pattern.as_bytes(), prefix.as_bytes()), "{pattern} {prefix}");
        }
        for (pattern, prefix) in [
            ("a", "a"),
            ("a*", ""),
            ("ab*", "a"),
            ("a*b", "ab"),
            ("a?", "ab"),
            ("a\\*", "a*"),
            ("[a*", "a"),
            ("[a-]*", "a"),
            ("*[^b]", "a"),
        ] {
            assert!(!allows(pattern.as_bytes(), prefix.as_bytes()), "{pattern} {prefix}");
        }
        let mut keys = Keys::default();
        keys.add(b"a*", Access::WRITE);
        assert!(!keys.allow_prefix(b"a", Access::READ));
        keys.set_all(true);
        assert!(keys.allow_prefix(b"", Access::ALL));
    }
}
