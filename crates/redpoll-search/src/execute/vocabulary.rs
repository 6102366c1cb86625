//! What words and tags an index knows.

use super::expand::{Pattern, expand};
use super::options::{Limits, SearchOptions};
use crate::index::Snapshot;
use crate::index::dict::{TEXT, tag_prefix};
use crate::query::{AffixKind, FieldId, Node, TextMask};
use crate::spelling::Vocabulary;

/// No question about words brings more answers.
const WORDS_MAX: usize = 1_000_000;

impl Snapshot {
    /// The values of a tag field, in ascending order.
    pub fn tags(&self, field: FieldId) -> Vec<Vec<u8>> {
        self.terms(&tag_prefix(field), &Pattern::Affix(AffixKind::Prefix, b""))
    }

    /// The terms of a pattern, without the prefix of their kind.
    fn terms(&self, prefix: &[u8], pattern: &Pattern<'_>) -> Vec<Vec<u8>> {
        let limits = Limits { prefix_min: 0, expansions_max: WORDS_MAX };
        let options = SearchOptions { limits, ..SearchOptions::default() };
        let terms = expand(self, prefix, pattern, &options).terms;
        terms.into_iter().map(|(key, _)| key[prefix.len()..].to_vec()).collect()
    }

    fn count(&self, word: &[u8], fields: TextMask) -> usize {
        let mut query = Node::term(word);
        query.options.fields = fields;
        let options = SearchOptions { limit: 0, ..SearchOptions::default() };
        let results = self.search(&query, &options);
        results.map_or(0, |results| usize::try_from(results.total).unwrap_or(usize::MAX))
    }
}

impl Vocabulary for Snapshot {
    fn contains(&self, word: &[u8]) -> bool {
        self.count(word, TextMask::ALL) > 0
    }

    fn near(&self, word: &[u8], distance: usize) -> Vec<Vec<u8>> {
        let distance = u8::try_from(distance).unwrap_or(u8::MAX);
        self.terms(&[TEXT], &Pattern::Fuzzy(word, distance))
    }

    fn documents(&self, word: &[u8], fields: TextMask) -> Option<usize> {
        let there = fields == TextMask::ALL || self.count(word, fields) > 0;
        let count = if there { self.count(word, TextMask::ALL) } else { 0 };
        (count > 0).then_some(count)
    }
}
