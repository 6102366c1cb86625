//! Sets of document numbers: the deleted ones of a part, and the matches of a query.

use std::sync::Arc;

/// Words of a chunk: 4096 documents.
const CHUNK_WORDS: usize = 64;
const CHUNK_BITS: u32 = 64 * CHUNK_WORDS as u32;

/// Which documents of a part are deleted.
///
/// A snapshot keeps the set as it was; a later deletion copies the chunk that it touches and the
/// list of chunks, so that it costs the same whatever the size of the part.
#[derive(Debug, Clone, Default)]
pub struct Deletes {
    chunks: Vec<Option<Arc<[u64; CHUNK_WORDS]>>>,
    count: u32,
}

impl Deletes {
    /// How many are deleted.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether `doc` is deleted.
    #[inline]
    pub fn contains(&self, doc: u32) -> bool {
        let Some(Some(chunk)) = self.chunks.get((doc / CHUNK_BITS) as usize) else { return false };
        let bit = doc % CHUNK_BITS;
        chunk[(bit / 64) as usize] >> (bit % 64) & 1 == 1
    }

    /// Adds `doc`. Says whether it was not there yet.
    pub fn insert(&mut self, doc: u32) -> bool {
        if self.contains(doc) {
            return false;
        }
        let index = (doc / CHUNK_BITS) as usize;
        if self.chunks.len() <= index {
            self.chunks.resize(index + 1, None);
        }
        let chunk = self.chunks[index].get_or_insert_with(|| Arc::new([0; CHUNK_WORDS]));
        let bit = doc % CHUNK_BITS;
        Arc::make_mut(chunk)[(bit / 64) as usize] |= 1 << (bit % 64);
        self.count += 1;
        true
    }

    /// Calls `each` for every document that is deleted here and was not in `before`, an earlier
    /// state.
    pub fn for_each_since(&self, before: &Deletes, mut each: impl FnMut(u32)) {
        for (index, chunk) in self.chunks.iter().enumerate() {
            let Some(chunk) = chunk else { continue };
            let old = before.chunks.get(index).and_then(Option::as_ref);
            if old.is_some_and(|old| Arc::ptr_eq(old, chunk)) {
                continue;
            }
            for (at, word) in chunk.iter().enumerate() {
                let mut new = word & !old.map_or(0, |old| old[at]);
                while new != 0 {
                    each(index as u32 * CHUNK_BITS + at as u32 * 64 + new.trailing_zeros());
                    new &= new - 1;
                }
            }
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let full = self.chunks.iter().flatten().count();
        self.chunks.capacity() * 8 + full * (CHUNK_WORDS * 8 + 16)
    }
}

/// A set of the documents of one part.
#[derive(Debug, Clone, Default)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set of documents below `docs`.
    pub fn new(docs: u32) -> Self {
        Bits { words: vec![0; docs.div_ceil(64) as usize] }
    }

    /// Adds `doc`, which must be below the bound given at the start; otherwise nothing happens.
    /// Says whether it is new.
    #[inline]
    pub fn insert(&mut self, doc: u32) -> bool {
        let Some(word) = self.words.get_mut((doc / 64) as usize) else { return false };
        let (before, bit) = (*word, 1 << (doc % 64));
        *word = before | bit;
        before & bit == 0
    }

    /// Whether `doc` is in the set.
    #[inline]
    pub fn contains(&self, doc: u32) -> bool {
        self.words.get((doc / 64) as usize).is_some_and(|word| word >> (doc % 64) & 1 == 1)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The first document at or after `from`.
    #[inline]
    pub fn next_from(&self, from: u32) -> Option<u32> {
        let mut index = (from / 64) as usize;
        let mut word = self.words.get(index)? & (u64::MAX << (from % 64));
        loop {
            if word != 0 {
                return Some(index as u32 * 64 + word.trailing_zeros());
            }
            index += 1;
            word = *self.words.get(index)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_later_deletions() {
        let mut deletes = Deletes::default();
        assert!(deletes.insert(5));
        assert!(!deletes.insert(5));
        let before = deletes.clone();
        assert!(deletes.insert(6) && deletes.insert(100_000));
        assert_eq!((before.count(), deletes.count()), (1, 3));
        assert!(!before.contains(6) && deletes.contains(6));
        let mut new = Vec::new();
        deletes.for_each_since(&before, |doc| new.push(doc));
        assert_eq!(new, [6, 100_000]);
        assert!(
            deletes.contains(100_000) && !deletes.contains(99_999) && !before.contains(100_000)
        );
    }

    #[test]
    fn bits_are_found_in_order() {
        let mut bits = Bits::new(200);
        for doc in [0, 63, 64, 199, 5000] {
            bits.insert(doc);
        }
        assert_eq!(bits.next_from(0), Some(0));
        assert_eq!(bits.next_from(1), Some(63));
        assert_eq!(bits.next_from(65), Some(199));
        assert_eq!(bits.next_from(200), None);
        assert_eq!(bits.count(), 4);
        assert!(bits.contains(64) && !bits.contains(65));
    }
}
