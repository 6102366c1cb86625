//! Synonyms: groups of words that mean the same.
//!
//! A group is a term of the index: a document with any word of it has the group's term, too, and a
//! query for a word looks for its groups' terms. So a query grows by a term for each group, however
//! large the group is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::analysis::{SYNONYM_PREFIX, lower_case};

/// The groups of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synonyms {
    /// The terms of the groups that a word belongs to.
    groups: HashMap<Vec<u8>, BTreeSet<Vec<u8>>>,
}

impl Synonyms {
    /// Adds words to a group.
    pub fn update<'a>(&mut self, group: &[u8], words: impl IntoIterator<Item = &'a [u8]>) {
        let term = [&[SYNONYM_PREFIX], group].concat();
        for word in words {
            self.groups.entry(lower_case(word)).or_default().insert(term.clone());
        }
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
    use super::Synonyms;

    #[test]
    fn words_belong_to_groups() {
        let mut synonyms = Synonyms::default();
        synonyms.update(b"1", [&b"Car"[..], b"auto"]);
        synonyms.update(b"2", [&b"car"[..]]);
        assert_eq!(synonyms.of(b"car").collect::<Vec<_>>(), [&b"~1"[..], b"~2"]);
        assert_eq!(synonyms.of(b"bike").count(), 0);
        let dump: Vec<_> = synonyms.dump().into_iter().collect();
        assert_eq!(dump, [(&b"auto"[..], vec![&b"1"[..]]), (b"car", vec![b"1", b"2"])]);
    }
}
