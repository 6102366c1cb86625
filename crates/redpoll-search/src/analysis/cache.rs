//! Stems and sounds found a moment ago.
//!
//! Text repeats its words: a look into a small table is many times cheaper than a stemmer.

use std::hash::Hasher;

/// A direct-mapped cache from words to what was made of them.
#[derive(Debug, Default)]
pub(super) struct Cache {
    slots: Vec<Option<Slot>>,
}

#[derive(Debug, Clone)]
struct Slot {
    word: Box<[u8]>,
    made: Option<Box<[u8]>>,
}

impl Cache {
    /// A power of two: enough for the common words of a language.
    const SLOTS: usize = 4096;

    /// Longer words are rare, and would keep memory.
    const MAX_BYTES: usize = 32;

    /// What `make` makes of `word`, or made of it before.
    pub(super) fn get(
        &mut self,
        word: &[u8],
        make: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<&[u8]> {
        if self.slots.is_empty() {
            self.slots.resize(Self::SLOTS, None);
        }
        let at = place(word) & (Self::SLOTS - 1);
        let slot = &mut self.slots[at];
        if slot.as_ref().is_none_or(|slot| *slot.word != *word) {
            *slot = Some(Slot { word: word.into(), made: make(word).map(Vec::into_boxed_slice) });
        }
        slot.as_ref()?.made.as_deref()
    }

    /// Whether a word of this length is worth keeping.
    pub(super) fn takes(word: &[u8]) -> bool {
        word.len() <= Self::MAX_BYTES
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }
}

fn place(word: &[u8]) -> usize {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(word);
    hasher.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn makes_once_and_remembers() {
        let mut cache = Cache::default();
        assert_eq!(cache.get(b"a", |word| Some(word.repeat(2))), Some(&b"aa"[..]));
        assert_eq!(cache.get(b"a", |_| panic!("it is known")), Some(&b"aa"[..]));
        assert_eq!(cache.get(b"b", |_| None), None);
        assert_eq!(cache.get(b"b", |_| panic!("it is known")), None);
        cache.clear();
        assert_eq!(cache.get(b"a", |_| None), None);
    }
}
