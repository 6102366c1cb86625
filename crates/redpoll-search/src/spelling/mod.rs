//! Corrections for words that the index does not know.

use std::collections::BTreeMap;

use crate::dictionary::Dictionary;
use crate::query::{Node, NodeKind, TextMask};

/// The words that an index knows.
pub trait Vocabulary {
    /// Whether any document has the word.
    fn contains(&self, word: &[u8]) -> bool;

    /// The words that are at most `distance` edits away.
    fn near(&self, word: &[u8], distance: usize) -> Vec<Vec<u8>>;

    /// How many documents have the word, if any has it in one of these fields.
    fn documents(&self, word: &[u8], fields: TextMask) -> Option<usize>;
}

/// What a check may suggest.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// How many edits a correction may be away.
    pub distance: usize,
    /// Words that may be suggested, too.
    pub include: &'a [&'a Dictionary],
    /// Words that are right, although the index does not know them.
    pub exclude: &'a [&'a Dictionary],
}

/// A word that the index does not know, and what it may have been meant to be, the likeliest first:
/// each correction with the number of documents that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelling {
    /// The word.
    pub word: Vec<u8>,
    /// The corrections.
    pub corrections: Vec<(Vec<u8>, usize)>,
}

/// The words of `query` that the index does not know.
pub fn check(query: &Node, vocabulary: &dyn Vocabulary, check: Check<'_>) -> Vec<Misspelling> {
    let mut found = Vec::new();
    visit(query, vocabulary, check, &mut found);
    found
}

fn visit(node: &Node, vocabulary: &dyn Vocabulary, check: Check<'_>, found: &mut Vec<Misspelling>) {
    if let NodeKind::Term { text, .. } = &node.kind {
        let right = vocabulary.contains(text)
            || check.exclude.iter().any(|dictionary| dictionary.contains(text));
        if !right {
            let corrections = corrections(text, node.options.fields, vocabulary, check);
            found.push(Misspelling { word: text.clone(), corrections });
        }
    }
    for child in node.children() {
        visit(child, vocabulary, check, found);
    }
}

fn corrections(
    word: &[u8],
    fields: TextMask,
    vocabulary: &dyn Vocabulary,
    check: Check<'_>,
) -> Vec<(Vec<u8>, usize)> {
    let mut scores = BTreeMap::new();
    for near in vocabulary.near(word, check.distance) {
        if let Some(documents) = vocabulary.documents(&near, fields) {
            scores.insert(near, documents);
        }
    }
    for dictionary in check.include {
        for near in dictionary.near(word, check.distance) {
            let documents = vocabulary.documents(near, fields).unwrap_or(0);
            scores.entry(near.to_vec()).or_insert(documents);
        }
    }
    let mut corrections: Vec<_> = scores.into_iter().collect();
    corrections.sort_by_key(|(_, documents)| std::cmp::Reverse(*documents));
    corrections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::{characters, within};

    struct Words(Vec<(&'static str, usize)>);

    impl Vocabulary for Words {
        fn contains(&self, word: &[u8]) -> bool {
            self.documents(word, TextMask::ALL).is_some()
        }

        fn near(&self, word: &[u8], distance: usize) -> Vec<Vec<u8>> {
            let word = characters(word);
            let near = |known: &str| within(&characters(known.as_bytes()), &word, distance);
            let words = self.0.iter().filter(|(known, _)| near(known).is_some());
            words.map(|(known, _)| known.as_bytes().to_vec()).collect()
        }

        fn documents(&self, word: &[u8], _: TextMask) -> Option<usize> {
            let found = self.0.iter().find(|(known, _)| known.as_bytes() == word);
            found.map(|(_, documents)| *documents)
        }
    }

    #[test]
    fn corrections_come_from_the_index_and_from_dictionaries() {
        let words = Words(vec![("name", 5), ("same", 9), ("nothing", 1)]);
        let mut include = Dictionary::default();
        include.add(b"Tame");
        include.add(b"same");
        let query = Node::new(NodeKind::Intersection(vec![Node::term("lame"), Node::term("name")]));
        let found =
            check(&query, &words, Check { distance: 1, include: &[&include], exclude: &[] });
        let text = |word: &str| word.as_bytes().to_vec();
        let corrections = vec![(text("same"), 9), (text("name"), 5), (text("Tame"), 0)];
        assert_eq!(found, [Misspelling { word: text("lame"), corrections }]);
        let mut exclude = Dictionary::default();
        exclude.add(b"lame");
        let found =
            check(&query, &words, Check { distance: 1, include: &[], exclude: &[&exclude] });
        assert_eq!(found, []);
    }
}
