//! The words of a query, to be held against the words of a text.

use std::collections::HashMap;

use crate::analysis::Token;
use crate::distance::{characters, matches_pattern, within};
use crate::query::{AffixKind, Node, NodeKind, TextMask};

/// The words that a query looks for in some fields.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    terms: HashMap<Vec<u8>, usize>,
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Affix(AffixKind, Vec<u8>),
    Wildcard(Vec<char>),
    Fuzzy(Vec<char>, usize),
}

impl Matcher {
    /// The words that `query` looks for in any of `fields`. Those that must not be there do not
    /// count.
    pub fn of(query: &Node, fields: TextMask) -> Self {
        let mut matcher = Matcher::default();
        matcher.gather(query, fields);
        matcher
    }

    fn gather(&mut self, node: &Node, fields: TextMask) {
        let here = node.options.fields.meets(fields);
        match &node.kind {
            NodeKind::Not(_) => return,
            NodeKind::Term { text, .. } if here => {
                let number = self.terms.len();
                self.terms.entry(text.clone()).or_insert(number);
            }
            NodeKind::Affix { kind, text } if here => {
                self.patterns.push(Pattern::Affix(*kind, text.clone()));
            }
            NodeKind::Wildcard { pattern } if here => {
                self.patterns.push(Pattern::Wildcard(characters(pattern)));
            }
            NodeKind::Fuzzy { text, distance } if here => {
                let distance = usize::from(*distance);
                self.patterns.push(Pattern::Fuzzy(characters(text), distance));
            }
            _ => {}
        }
        for child in node.children() {
            self.gather(child, fields);
        }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.patterns.is_empty()
    }

    /// Which of the words `token` is, if any.
    pub fn matches(&self, token: &Token<'_>) -> Option<usize> {
        let forms = [Some(token.term), token.stem, token.sound];
        let exact = forms.into_iter().flatten().find_map(|form| self.terms.get(form));
        exact.copied().or_else(|| {
            let at = self.patterns.iter().position(|pattern| pattern.matches(token.term))?;
            Some(self.terms.len() + at)
        })
    }
}

impl Pattern {
    fn matches(&self, term: &[u8]) -> bool {
        match self {
            Pattern::Affix(AffixKind::Prefix, text) => term.starts_with(text),
            Pattern::Affix(AffixKind::Suffix, text) => term.ends_with(text),
            Pattern::Affix(AffixKind::Infix, text) => {
                text.is_empty() || term.windows(text.len()).any(|part| part == text)
            }
            Pattern::Wildcard(pattern) => matches_pattern(pattern, &characters(term)),
            Pattern::Fuzzy(word, distance) => within(word, &characters(term), *distance).is_some(),
        }
    }
}
