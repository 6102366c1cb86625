//! Which documents of a part have come by.

/// Documents of a block of the sets.
const BLOCK_BITS: u32 = 16;
/// Words of such a block.
const WORDS_BITS: u32 = BLOCK_BITS - 6;

/// Two sets of documents: those that have come by, and those that more than one list has.
///
/// Documents that follow one another are in different words of a set, 1024 of them, so that none is
/// written again before it has been read: lists that many documents have are gone through twice as
/// fast as with one word for 64 documents.
pub struct Seen {
    /// A word of the one set, and one of the other.
    words: Vec<[u64; 2]>,
}

/// The word of a document, and its bit there.
#[inline]
fn place(doc: u32) -> (usize, u64) {
    let word = (doc >> BLOCK_BITS << WORDS_BITS) | (doc & ((1 << WORDS_BITS) - 1));
    (word as usize, 1 << (doc >> WORDS_BITS & 63))
}

impl Seen {
    /// Nothing has come by yet of a part of so many documents.
    pub fn new(docs: u32) -> Self {
        let blocks = docs.div_ceil(1 << BLOCK_BITS) as usize;
        // Of a small part no more than its documents take.
        let few = docs.min(1 << WORDS_BITS) as usize;
        let words = if blocks > 1 { blocks << WORDS_BITS } else { few };
        Seen { words: vec![[0; 2]; words] }
    }

    /// Adds documents of a list, which has each but once.
    #[inline]
    pub fn add(&mut self, docs: &[u32]) {
        for doc in docs {
            let (word, bit) = place(*doc);
            if let Some([any, shared]) = self.words.get_mut(word) {
                *shared |= *any & bit;
                *any |= bit;
            }
        }
    }

    /// Whether a document has come by.
    #[inline]
    pub fn contains(&self, doc: u32) -> bool {
        let (word, bit) = place(doc);
        self.words.get(word).is_some_and(|[any, _]| any & bit != 0)
    }

    /// Whether more than one list has a document.
    #[inline]
    pub fn is_shared(&self, doc: u32) -> bool {
        let (word, bit) = place(doc);
        self.words.get(word).is_some_and(|[_, shared]| shared & bit != 0)
    }

    /// How many have come by.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|[any, _]| u64::from(any.count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_has_a_bit_of_its_own() {
        for docs in [1, 63, 64, 1000, 1024, 1025, 65_536, 65_537, 200_000] {
            let mut seen = Seen::new(docs);
            let all: Vec<u32> = (0..docs).collect();
            let third: Vec<u32> = (0..docs).step_by(3).collect();
            seen.add(&third);
            assert!(all.iter().all(|doc| seen.contains(*doc) == (doc % 3 == 0)));
            assert!(!all.iter().any(|doc| seen.is_shared(*doc)));
            assert_eq!(seen.count(), third.len() as u64);
            seen.add(&all);
            assert!(all.iter().all(|doc| seen.contains(*doc)));
            assert!(all.iter().all(|doc| seen.is_shared(*doc) == (doc % 3 == 0)));
            assert_eq!(seen.count(), u64::from(docs));
            assert!(!seen.contains(docs + 70_000) && !seen.is_shared(docs + 70_000));
        }
    }
}
