//! BY and GET patterns: from an element to a value in another key.

use redpoll_engine::background::step;
use redpoll_keyspace::Keys;
use redpoll_types::hash::Hash;

/// Elements for which keys are asked for ahead of their being read.
pub const AHEAD: usize = 32;

/// A pattern, taken apart.
pub enum Lookup<'a> {
    /// `#`: the element itself.
    Element,
    /// No `*`: nothing, as there is no place for the element.
    Nothing,
    /// `prefix*suffix`, or `prefix*suffix->field` for the field of a hash.
    Key { prefix: &'a [u8], suffix: &'a [u8], field: Option<&'a [u8]> },
}

/// A pattern that owns its parts, for other threads.
pub struct OwnedLookup {
    prefix: Box<[u8]>,
    suffix: Box<[u8]>,
    field: Option<Box<[u8]>>,
    is_element: bool,
    reads_keys: bool,
}

impl OwnedLookup {
    /// The pattern.
    pub fn as_lookup(&self) -> Lookup<'_> {
        match (self.is_element, self.reads_keys) {
            (true, _) => Lookup::Element,
            (_, false) => Lookup::Nothing,
            _ => Lookup::Key {
                prefix: &self.prefix,
                suffix: &self.suffix,
                field: self.field.as_deref(),
            },
        }
    }
}

impl<'a> Lookup<'a> {
    /// The same with parts of its own.
    pub fn owned(&self) -> OwnedLookup {
        let (prefix, suffix, field) = match *self {
            Lookup::Key { prefix, suffix, field } => (prefix, suffix, field),
            _ => (&b""[..], &b""[..], None),
        };
        OwnedLookup {
            prefix: prefix.into(),
            suffix: suffix.into(),
            field: field.map(Box::from),
            is_element: matches!(self, Lookup::Element),
            reads_keys: self.reads_keys(),
        }
    }

    /// Takes a pattern apart. The first `*` stands for the element, the first `->` behind it begins
    /// a field's name, unless that is empty.
    pub fn new(pattern: &'a [u8]) -> Self {
        if pattern == b"#" {
            return Lookup::Element;
        }
        let Some(star) = pattern.iter().position(|&byte| byte == b'*') else {
            return Lookup::Nothing;
        };
        let (prefix, rest) = (&pattern[..star], &pattern[star + 1..]);
        let arrow = rest.windows(2).position(|pair| pair == b"->");
        match arrow.filter(|&arrow| arrow + 2 < rest.len()) {
            Some(arrow) => {
                let (suffix, field) = (&rest[..arrow], Some(&rest[arrow + 2..]));
                Lookup::Key { prefix, suffix, field }
            }
            None => Lookup::Key { prefix, suffix: rest, field: None },
        }
    }

    /// Whether it reads a key at all.
    pub fn reads_keys(&self) -> bool {
        matches!(self, Lookup::Key { .. })
    }

    /// Starts loading what is about to be looked up for these elements, a few, so that the misses
    /// overlap.
    pub fn ask_for<'e>(&self, keys: &Keys<'_>, elements: impl Iterator<Item = &'e [u8]>) {
        let Lookup::Key { prefix, suffix, .. } = self else { return };
        let (keyspace, db) = (keys.keyspace(), keys.db());
        let mut key = Vec::new();
        let hash = |element: &[u8]| {
            key.clear();
            [prefix, element, suffix].iter().for_each(|part| key.extend_from_slice(part));
            let hash = keyspace.hash(&key);
            keyspace.prefetch_bucket(db, hash);
            hash
        };
        let hashes: Vec<u64> = elements.map(hash).collect();
        hashes.iter().for_each(|hash| keyspace.prefetch_entry(db, *hash));
    }

    /// Calls `use_value` with what is found for an element: nothing if the key or the field is not
    /// there or the key holds another type.
    pub fn with<R>(
        &self,
        keys: &mut Keys<'_>,
        element: &[u8],
        use_value: impl FnOnce(Option<&[u8]>) -> R,
    ) -> R {
        let (key, field) = match self {
            Lookup::Element => return use_value(Some(element)),
            Lookup::Nothing => return use_value(None),
            Lookup::Key { prefix, suffix, field } => ([prefix, element, suffix].concat(), field),
        };
        // Where all stripes are locked, nothing happens.
        keys.lock_key(&key);
        step(1);
        let Some(field) = field else {
            return match keys.string(&key) {
                Ok(Some(text)) => text.with(|bytes| use_value(Some(bytes))),
                _ => use_value(None),
            };
        };
        let now = u64::try_from(keys.now()).unwrap_or(0);
        match keys.read::<Hash>(&key) {
            Ok(Some(hash)) => match hash.get(field, now) {
                Some(value) => use_value(Some(value.as_bytes(&mut [0; 21]))),
                None => use_value(None),
            },
            _ => use_value(None),
        }
    }
}
