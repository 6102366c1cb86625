//! Removing a key because memory is short: one place for all that follows from it.

use super::*;
use crate::evict::{Candidate, Policy};

impl Keys<'_> {
    /// Removes the candidate, unless it is not there any more, or has been used since it was
    /// chosen. Its stripe must be locked. Answers about how many bytes that frees.
    pub fn evict(&mut self, candidate: &Candidate, policy: &Policy) -> Option<usize> {
        let Candidate { hash, db, rank } = *candidate;
        let before = self.db;
        self.select(db);
        let now = self.now;
        let part = self.db_of(hash);
        let place = part.table.find_hash(hash).filter(|&place| {
            policy.rank(&part.table.entry(place), now).is_some_and(|present| present >= rank)
        });
        let entry = place.map(|place| part.remove(place));
        part.trim();
        self.note_len(hash);
        let freed = entry.as_ref().map(bytes_of);
        if let Some(entry) = entry {
            self.effects.rare().evicted += 1;
            self.vanished(entry.key());
            self.event(entry.key(), Class::Evicted, "evicted");
            self.log(db, [removal(self.keyspace.unlinks_evicted()), entry.key()]);
            self.discard_entry(entry);
        }
        self.db = before;
        freed
    }
}

/// About how many bytes an entry takes.
pub(crate) fn bytes_of(entry: &Entry<Value>) -> usize {
    match entry.payload() {
        Payload::Value(value) => entry.block_bytes() + value.memory_usage(SIZE_SAMPLES),
        _ => entry.block_bytes(),
    }
}
