//! Who has read which keys into a cache of its own (CLIENT TRACKING): one stripe's part.
//!
//! A key is remembered by its name alone, whatever the database, as Redis does. It is noted and
//! forgotten with its stripe locked: so a write that comes after a read always finds the reader.

use crate::entry::{Entry, NewPayload, Payload};
use crate::table::Table;
use std::collections::BTreeSet;

/// A client that reads, as its owner numbers it.
pub type ReaderId = u64;

/// Those who have read a key since it was last changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readers {
    /// A single one: the usual case, without an allocation.
    One(ReaderId),
    /// Several.
    Many(Box<BTreeSet<ReaderId>>),
}

impl Readers {
    /// Adds a reader; false if it is there already.
    fn add(&mut self, id: ReaderId) -> bool {
        match self {
            Readers::One(first) if *first == id => false,
            Readers::One(first) => {
                *self = Readers::Many(Box::new(BTreeSet::from([*first, id])));
                true
            }
            Readers::Many(all) => all.insert(id),
        }
    }

    /// The number of readers.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Readers::One(_) => 1,
            Readers::Many(all) => all.len(),
        }
    }

    /// The readers, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = ReaderId> {
        let (one, many) = match self {
            Readers::One(id) => (Some(*id), None),
            Readers::Many(all) => (None, Some(all.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

/// A key that is no longer what its readers know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The key.
    pub key: Box<[u8]>,
    /// Those who are to be told.
    pub readers: Readers,
}

/// What [`ReadTable::remember`] has added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// The key was not there.
    pub key: bool,
    /// The reader was not there.
    pub reader: bool,
}

/// See the module's head.
#[derive(Default)]
pub struct ReadTable(Table<Readers>);

impl ReadTable {
    /// Whether nobody has read anything.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that a client has read a key.
    pub fn remember(&mut self, hash: u64, key: &[u8], id: ReaderId) -> Added {
        if let Some(place) = self.0.find(hash, key) {
            let readers = self.0.entry_mut(place).into_value_mut();
            return Added { key: false, reader: readers.is_some_and(|readers| readers.add(id)) };
        }
        self.0.insert(hash, Entry::new(key, NewPayload::Value(Readers::One(id)), None));
        Added { key: true, reader: true }
    }

    /// Forgets a key and says who had read it.
    pub fn take(&mut self, hash: u64, key: &[u8]) -> Option<Readers> {
        let place = self.0.find(hash, key)?;
        self.0.remove(place).into_value()
    }

    /// Forgets some key at random. `below(n)` is to give a number below n.
    pub fn take_any(
        &mut self,
        hash: impl Fn(&[u8]) -> u64,
        below: impl FnMut(u64) -> u64,
    ) -> Option<Stale> {
        let key: Box<[u8]> = self.0.random(below)?.key().into();
        let readers = self.take(hash(&key), &key)?;
        Some(Stale { key, readers })
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Bytes in use, readers of keys that several have read left out. O(keys).
    pub fn bytes(&self) -> usize {
        self.0.bytes() + self.0.iter().map(|entry| entry.block_bytes()).sum::<usize>()
    }

    /// Those who have read a key.
    pub fn readers(&self, hash: u64, key: &[u8]) -> Option<&Readers> {
        match self.0.entry(self.0.find(hash, key)?).into_payload() {
            Payload::Value(readers) => Some(readers),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyHash;

    #[test]
    fn a_key_is_told_once_to_each_reader() {
        let hash = |key: &[u8]| KeyHash::new().of(key);
        let mut table = ReadTable::default();
        assert_eq!(table.remember(hash(b"k"), b"k", 7), Added { key: true, reader: true });
        assert_eq!(table.remember(hash(b"k"), b"k", 7), Added { key: false, reader: false });
        assert_eq!(table.remember(hash(b"k"), b"k", 3), Added { key: false, reader: true });
        assert_eq!(table.remember(hash(b"k"), b"k", 3), Added { key: false, reader: false });
        let readers = table.take(hash(b"k"), b"k").expect("it was read");
        assert_eq!(readers.iter().collect::<Vec<_>>(), [3, 7]);
        assert_eq!((readers.len(), table.take(hash(b"k"), b"k")), (2, None));
        assert!(table.is_empty());
    }

    #[test]
    fn any_key_goes_in_the_end() {
        let hash = |key: &[u8]| KeyHash::new().of(key);
        let mut table = ReadTable::default();
        for key in 0..1000u32 {
            table.remember(hash(&key.to_le_bytes()), &key.to_le_bytes(), 1);
        }
        let mut seed = 1u64;
        let mut below = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % n
        };
        let mut gone = BTreeSet::new();
        while let Some(stale) = table.take_any(hash, &mut below) {
            assert!(gone.insert(stale.key));
        }
        assert_eq!(gone.len(), 1000);
    }
}
