//! Which documents of a part have come by.

use crate::index::bits::Deletes;
use crate::index::part::PartView;

/// Documents of a block of the sets.
const BLOCK_BITS: u32 = 16;
/// Words of such a block.
const WORDS_BITS: u32 = BLOCK_BITS - 6;

/// Sets of documents: those that have come by, and those that more than one list has.
///
/// Documents that follow one another are in different words of a set, 1024 of them, so that none is
/// written again before it has been read: lists that many documents have are gone through twice as
/// fast as with one word for 64 documents.
pub struct Seen {
    any: Vec<u64>,
    /// Empty if nobody asks.
    shared: Vec<u64>,
}

/// The word of a document, and its bit there.
#[inline]
fn place(doc: u32) -> (usize, u64) {
    let word = (doc >> BLOCK_BITS << WORDS_BITS) | (doc & ((1 << WORDS_BITS) - 1));
    (word as usize, 1 << (doc >> WORDS_BITS & 63))
}

fn empty(docs: u32) -> Vec<u64> {
    let blocks = docs.div_ceil(1 << BLOCK_BITS) as usize;
    // Of a small part no more than its documents take.
    let words = if blocks > 1 { blocks << WORDS_BITS } else { docs.min(1 << WORDS_BITS) as usize };
    vec![0; words]
}

impl Seen {
    /// Nothing has come by yet of a part of so many documents.
    pub fn new(docs: u32) -> Self {
        Seen { any: empty(docs), shared: Vec::new() }
    }

    /// The same, and it will be asked which documents more than one list has.
    pub fn with_shared(docs: u32) -> Self {
        Seen { shared: empty(docs), ..Self::new(docs) }
    }

    /// Adds documents of a list.
    #[inline]
    pub fn add(&mut self, docs: &[u32]) {
        for doc in docs {
            let (word, bit) = place(*doc);
            if let Some(word) = self.any.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Adds documents of a list, which no other list adds any more.
    #[inline]
    pub fn share(&mut self, docs: &[u32]) {
        for doc in docs {
            let (word, bit) = place(*doc);
            if let (Some(any), Some(shared)) = (self.any.get_mut(word), self.shared.get_mut(word)) {
                *shared |= *any & bit;
                *any |= bit;
            }
        }
    }

    /// Whether a document has come by.
    #[inline]
    pub fn contains(&self, doc: u32) -> bool {
        let (word, bit) = place(doc);
        self.any.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Whether more than one list has a document.
    #[inline]
    pub fn is_shared(&self, doc: u32) -> bool {
        let (word, bit) = place(doc);
        self.shared.get(word).is_some_and(|word| word & bit != 0)
    }

    /// How many have come by that are not deleted.
    pub fn live(&self, view: &PartView) -> u64 {
        let mut count: u64 = self.any.iter().map(|word| u64::from(word.count_ones())).sum();
        if view.deletes.count() > 0 {
            let deleted = |doc| count -= u64::from(self.contains(doc));
            view.deletes.for_each_since(&Deletes::default(), deleted);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_has_a_bit_of_its_own() {
        for docs in [1, 63, 64, 1000, 1024, 1025, 65_536, 65_537, 200_000] {
            let mut seen = Seen::with_shared(docs);
            let all: Vec<u32> = (0..docs).collect();
            let third: Vec<u32> = (0..docs).step_by(3).collect();
            seen.share(&third);
            assert!(all.iter().all(|doc| seen.contains(*doc) == (doc % 3 == 0)));
            seen.share(&all);
            assert!(all.iter().all(|doc| seen.contains(*doc)));
            assert!(all.iter().all(|doc| seen.is_shared(*doc) == (doc % 3 == 0)));
            let ones: u32 = seen.any.iter().map(|word| word.count_ones()).sum();
            assert_eq!(ones, docs);
            let mut plain = Seen::new(docs);
            plain.add(&third);
            assert!(all.iter().all(|doc| plain.contains(*doc) == (doc % 3 == 0)));
            assert!(!plain.is_shared(0) && !plain.contains(docs + 70_000));
        }
    }
}
