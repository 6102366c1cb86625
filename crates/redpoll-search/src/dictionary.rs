//! Dictionaries: lists of words that spelling corrections are taken from, or kept from.

use std::collections::BTreeSet;

use crate::analysis::lower_case;
use crate::distance::{characters, within};

/// A list of words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dictionary {
    words: BTreeSet<Vec<u8>>,
}

impl Dictionary {
    /// Adds a word. Whether it is new.
    pub fn add(&mut self, word: &[u8]) -> bool {
        self.words.insert(word.to_vec())
    }

    /// Removes a word. Whether it was there.
    pub fn remove(&mut self, word: &[u8]) -> bool {
        self.words.remove(word)
    }

    /// Whether it holds `word`.
    pub fn contains(&self, word: &[u8]) -> bool {
        self.words.contains(word)
    }

    /// The words in ascending order.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.words.iter().map(Vec::as_slice)
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words that are at most `distance` edits away from `word`, in whatever case.
    pub fn near<'a>(&'a self, word: &[u8], distance: usize) -> impl Iterator<Item = &'a [u8]> {
        let word = characters(&lower_case(word));
        let near =
            move |known: &&[u8]| within(&characters(&lower_case(known)), &word, distance).is_some();
        self.words().filter(near)
    }
}
