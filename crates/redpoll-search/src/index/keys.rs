//! Which document has which name.
//!
//! An entry holds the document's id and a part of the hash of its name, but not the name: the
//! document itself has it. The table is cut into many small ones, so that none takes long to grow.

use hashbrown::HashTable;

const SHARD_BITS: u32 = 8;
const HASH_BITS: u32 = 24;
const HASH_MASK: u64 = (1 << HASH_BITS) - 1;
/// Ids are below this.
const ID_MAX: u64 = 1 << (64 - HASH_BITS);

/// From names to ids of documents.
#[derive(Debug)]
pub struct KeyMap {
    shards: Vec<HashTable<u64>>,
}

impl Default for KeyMap {
    fn default() -> Self {
        KeyMap { shards: (0..1 << SHARD_BITS).map(|_| HashTable::new()).collect() }
    }
}

impl KeyMap {
    /// The id of a name with this hash, of which `is_it` says whether it has the name.
    pub fn get(&self, hash: u64, mut is_it: impl FnMut(u64) -> bool) -> Option<u64> {
        let (shard, part) = split(hash);
        let found = self.shards[shard]
            .find(spread(part), |entry| entry & HASH_MASK == part && is_it(entry >> HASH_BITS));
        found.map(|entry| entry >> HASH_BITS)
    }

    /// Adds a name that is not there.
    pub fn insert(&mut self, hash: u64, id: u64) {
        debug_assert!(id < ID_MAX);
        let (shard, part) = split(hash);
        let entry = id << HASH_BITS | part;
        self.shards[shard].insert_unique(spread(part), entry, |entry| spread(*entry));
    }

    /// Puts another id in the place of one.
    pub fn replace(&mut self, hash: u64, old: u64, new: u64) {
        let (shard, part) = split(hash);
        let entry = old << HASH_BITS | part;
        if let Some(found) = self.shards[shard].find_mut(spread(part), |other| *other == entry) {
            *found = new << HASH_BITS | part;
        }
    }

    /// Takes a name out.
    pub fn remove(&mut self, hash: u64, id: u64) {
        let (shard, part) = split(hash);
        let entry = id << HASH_BITS | part;
        if let Ok(found) = self.shards[shard].find_entry(spread(part), |other| *other == entry) {
            found.remove();
        }
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        // A table has a spare eighth at least, and a byte for each place.
        self.shards.iter().map(|shard| shard.capacity() * 9 * 8 / 7).sum()
    }
}

fn split(hash: u64) -> (usize, u64) {
    let shard = hash >> (64 - SHARD_BITS);
    let part = hash & HASH_MASK;
    (shard as usize, part)
}

/// What the table takes as the hash: it looks at the highest bits and the lowest.
fn spread(entry: u64) -> u64 {
    (entry & HASH_MASK).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_hash_are_told_apart() {
        let mut map = KeyMap::default();
        for id in 0..1000u64 {
            map.insert(id % 3, id);
        }
        assert_eq!(map.get(1, |id| id == 4), Some(4));
        assert_eq!(map.get(1, |id| id == 5), None);
        map.replace(1, 4, 5000);
        assert_eq!(map.get(1, |id| id == 4), None);
        assert_eq!(map.get(1, |id| id == 5000), Some(5000));
        map.remove(1, 5000);
        assert_eq!(map.get(1, |id| id == 5000), None);
    }
}
