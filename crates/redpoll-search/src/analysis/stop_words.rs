//! Words that are so common that they are neither indexed nor looked for.

use std::collections::HashSet;

use super::normalize::lower_case;

/// The words that an index leaves out if its definition names none.
const DEFAULT: &str = "a is the an and are as at be but by for if in into it no not of on or such \
                       that their then there these they this to was will with";

/// A list of stop words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopWords {
    words: HashSet<Vec<u8>>,
    /// Of no longer word has to be asked.
    longest: usize,
    is_default: bool,
}

impl Default for StopWords {
    fn default() -> Self {
        let words = DEFAULT.split_ascii_whitespace().map(|word| word.as_bytes().to_vec());
        StopWords { is_default: true, ..Self::new(words) }
    }
}

impl StopWords {
    /// How many words a list may have.
    pub const LIMIT: usize = 1024;

    /// No stop words at all.
    pub fn none() -> Self {
        Self::new([])
    }

    /// These words.
    pub fn new(words: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let words: HashSet<_> = words.into_iter().map(|word| lower_case(&word)).collect();
        let longest = words.iter().map(Vec::len).max().unwrap_or(0);
        StopWords { words, longest, is_default: false }
    }

    /// Whether `word`, in lower case, is one of them.
    pub fn contains(&self, word: &[u8]) -> bool {
        word.len() <= self.longest && self.words.contains(word)
    }

    /// Whether this is the list of an index whose definition names none.
    pub fn is_default(&self) -> bool {
        self.is_default
    }

    /// The words in ascending order.
    pub fn sorted(&self) -> Vec<&[u8]> {
        let mut words: Vec<&[u8]> = self.words.iter().map(Vec::as_slice).collect();
        words.sort_unstable();
        words
    }
}

#[cfg(test)]
mod tests {
    use super::StopWords;

    #[test]
    fn the_default_list_has_the_common_words() {
        let words = StopWords::default();
        assert_eq!(words.sorted().len(), 33);
        assert!(words.contains(b"the") && words.contains(b"with"));
        assert!(!words.contains(b"") && !words.contains(b"hello"));
    }

    #[test]
    fn a_list_of_ones_own_replaces_it() {
        let words = StopWords::new([b"Foo".to_vec(), "ÄH".as_bytes().to_vec()]);
        assert!(words.contains(b"foo") && words.contains("äh".as_bytes()));
        assert!(!words.contains(b"the"));
        assert!(!StopWords::none().contains(b"the"));
    }
}
