//! Synonyms: groups of words that mean the same.
//!
//! A group is a term of the index: a document with any word of it has the group's term, too, and a
//! query for a word looks for its groups' terms. So a query grows by a term for each group, however
//! large the group is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use crate::analysis::{SYNONYM_PREFIX, lower_case};

/// Words that have synonyms.
pub const WORDS_MAX: usize = 1_000_000;
/// Groups that a word belongs to: a query for it grows by as many terms.
pub const GROUPS_MAX: usize = 4096;

/// Why words cannot be added to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynonymError {
    /// There would be more than [`WORDS_MAX`].
    TooManyWords,
    /// One of them would belong to more than [`GROUPS_MAX`].
    TooManyGroups,
}

impl fmt::Display for SynonymError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SynonymError::TooManyWords => "Maximum synonym terms limit reached",
            SynonymError::TooManyGroups => "Maximum group IDs per term limit reached",
        })
    }
}

impl std::error::Error for SynonymError {}

/// The groups of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synonyms {
    /// The terms of the groups that a word belongs to.
    groups: HashMap<Vec<u8>, BTreeSet<Vec<u8>>>,
}

impl Synonyms {
    /// Adds words to a group.
    ///
    /// # Errors
    /// If they would be too many. Then none is added.
    pub fn update<'a>(
        &mut self,
        group: &[u8],
        words: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), SynonymError> {
        let term = [&[SYNONYM_PREFIX], group].concat();
        let words: HashSet<Vec<u8>> = words.into_iter().map(lower_case).collect();
        let mut new = 0;
        for word in &words {
            match self.groups.get(word) {
                None => new += 1,
                Some(groups) if groups.len() >= GROUPS_MAX && !groups.contains(&term) => {
                    return Err(SynonymError::TooManyGroups);
                }
                Some(_) => {}
            }
        }
        if self.groups.len() + new > WORDS_MAX {
            return Err(SynonymError::TooManyWords);
        }
        for word in words {
            self.groups.entry(word).or_default().insert(term.clone());
        }
        Ok(())
    }

    /// The terms of the groups that `word`, in lower case, belongs to.
    pub fn of(&self, word: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.groups.get(word).into_iter().flatten().map(Vec::as_slice)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Every word with the names of its groups, in ascending order.
    pub fn dump(&self) -> BTreeMap<&[u8], Vec<&[u8]>> {
        self.groups
            .iter()
            .map(|(word, terms)| (word.as_slice(), terms.iter().map(|term| &term[1..]).collect()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_belong_to_groups() {
        let mut synonyms = Synonyms::default();
        synonyms.update(b"1", [&b"Car"[..], b"auto"]).unwrap();
        synonyms.update(b"2", [&b"car"[..]]).unwrap();
        assert_eq!(synonyms.of(b"car").collect::<Vec<_>>(), [&b"~1"[..], b"~2"]);
        assert_eq!(synonyms.of(b"bike").count(), 0);
        let dump: Vec<_> = synonyms.dump().into_iter().collect();
        assert_eq!(dump, [(&b"auto"[..], vec![&b"1"[..]]), (b"car", vec![b"1", b"2"])]);
    }

    #[test]
    fn a_word_belongs_to_so_many_groups() {
        let mut synonyms = Synonyms::default();
        for group in 0..GROUPS_MAX {
            synonyms.update(group.to_string().as_bytes(), [&b"busy"[..]]).unwrap();
        }
        let more = synonyms.update(b"more", [&b"idle"[..], b"Busy"]);
        assert_eq!(more, Err(SynonymError::TooManyGroups));
        assert_eq!(synonyms.of(b"idle").count(), 0);
        assert_eq!(synonyms.update(b"7", [&b"idle"[..], b"busy"]), Ok(()));
    }
}
