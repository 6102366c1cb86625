//! Which document has which name, and which had it a moment ago.
//!
//! Snapshots ask for documents by name. What they see may have been replaced or deleted since; so
//! the last of these are remembered.

use std::collections::VecDeque;

use super::keys::KeyMap;

/// Names of documents.
#[derive(Debug, Default)]
pub struct Names {
    keys: KeyMap,
    gone: VecDeque<Gone>,
    /// All that has gone since this change is remembered.
    since: u64,
}

#[derive(Debug)]
struct Gone {
    hash: u64,
    id: u64,
    stamp: u64,
}

/// How many are remembered.
const REMEMBERED: usize = 4096;

impl Names {
    /// The id of a name with this hash, of which `is_it` says whether it has the name.
    pub fn get(&self, hash: u64, is_it: impl FnMut(u64) -> bool) -> Option<u64> {
        self.keys.get(hash, is_it)
    }

    /// The same among those that have gone.
    pub fn gone(&self, hash: u64, mut is_it: impl FnMut(u64) -> bool) -> Option<u64> {
        let found = self.gone.iter().rev().find(|gone| gone.hash == hash && is_it(gone.id));
        found.map(|gone| gone.id)
    }

    /// Whether all that has gone since the change `stamp` is remembered.
    pub fn knows_since(&self, stamp: u64) -> bool {
        self.since <= stamp
    }

    /// Adds a name that is not there.
    pub fn insert(&mut self, hash: u64, id: u64) {
        self.keys.insert(hash, id);
    }

    /// Another document has the name, since the change `stamp`.
    pub fn replace(&mut self, hash: u64, old: u64, new: u64, stamp: u64) {
        self.keys.replace(hash, old, new);
        self.remember(hash, old, stamp);
    }

    /// No document has the name, since the change `stamp`.
    pub fn remove(&mut self, hash: u64, id: u64, stamp: u64) {
        self.keys.remove(hash, id);
        self.remember(hash, id, stamp);
    }

    /// No document has any name, since the change `stamp`.
    pub fn clear(&mut self, stamp: u64) {
        *self = Names { since: stamp, ..Names::default() };
    }

    fn remember(&mut self, hash: u64, id: u64, stamp: u64) {
        if self.gone.len() == REMEMBERED
            && let Some(oldest) = self.gone.pop_front()
        {
            self.since = oldest.stamp;
        }
        self.gone.push_back(Gone { hash, id, stamp });
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        self.keys.heap_bytes() + self.gone.capacity() * size_of::<Gone>()
    }
}
