//! Words: alone, in quotes, with stars, with errors.

use super::super::{AffixKind, FieldInfo, Node, NodeKind, QueryError};
use super::Parser;
use super::lexer::{Ends, Kind, Token};
use super::values::without_tag_text;
use crate::analysis::{Analyzer, Language, is_separator, normalize};
use crate::escape::unescape;

impl Parser<'_> {
    /// An operand of words. None if it is a stop word.
    pub(super) fn words(&mut self) -> Result<Option<Node>, QueryError> {
        match self.peek() {
            Kind::Term | Kind::As | Kind::IsMissing if self.options.dialect.is_modern() => {
                let token = self.next();
                Ok(self.word(&token))
            }
            Kind::Number(_) | Kind::Size(_) if self.options.dialect.is_modern() => {
                let token = self.next();
                Ok(Some(self.number_word(&token)))
            }
            Kind::Term | Kind::Number(_) => Ok(self.run_of_words()),
            Kind::Attribute { .. } if self.options.dialect.is_modern() => {
                let token = self.next();
                Ok(Some(self.parameter_word(&token)))
            }
            Kind::Exact => {
                let token = self.next();
                Ok(self.exact(&token))
            }
            Kind::Quote => self.quoted(),
            Kind::Affix { open, param } => {
                let token = self.next();
                Ok(Some(self.affix(&token, open, param)))
            }
            Kind::Wildcard { param } => {
                let token = self.next();
                let pattern = self.wildcard_text(&token, param);
                let pattern = crate::analysis::lower_case(&pattern);
                Ok(Some(Node::new(NodeKind::Wildcard { pattern })))
            }
            Kind::Percent => self.fuzzy().map(Some),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, token: &Token) -> Option<Node> {
        let text = normalize(self.text(token));
        if self.options.stop_words.contains(&text) {
            return None;
        }
        Some(match self.options.language {
            Language::Chinese if !text.is_ascii() => self.segmented(text),
            _ => Node::term(text),
        })
    }

    /// A word of a language without spaces: its parts, one directly after the other.
    fn segmented(&self, text: Vec<u8>) -> Node {
        let stop_words = std::sync::Arc::new(self.options.stop_words.clone());
        let mut parts = Vec::new();
        Analyzer::new(Language::Chinese, stop_words)
            .words(&text, |part, _, _| parts.push(Node::term(part)));
        match parts.len() {
            0 | 1 => Node::term(text),
            _ => Node::new(NodeKind::Exact(parts)),
        }
    }

    /// Numbers are words, too, but have no stems in later dialects.
    fn number_word(&self, token: &Token) -> Node {
        let mut node = Node::term(self.text(token));
        node.options.verbatim = self.options.dialect.is_modern();
        node
    }

    fn parameter_word(&mut self, token: &Token) -> Node {
        let value = self.parameter(token);
        let mut node = Node::term(normalize(&value));
        node.options.verbatim = super::values::number(&value).is_some();
        node
    }

    /// The first dialect takes words that follow each other for one thing.
    fn run_of_words(&mut self) -> Option<Node> {
        let mut words = Vec::new();
        while matches!(self.peek(), Kind::Term | Kind::Number(_)) {
            let token = self.next();
            let number = matches!(token.kind, Kind::Number(_));
            words.extend(if number { Some(self.number_word(&token)) } else { self.word(&token) });
        }
        match words.len() {
            0 | 1 => words.pop(),
            _ => Some(Node::new(NodeKind::Intersection(words))),
        }
    }

    /// `"a b"`. Stop words have no place in the index, and none in the phrase.
    fn exact(&self, token: &Token) -> Option<Node> {
        let text = self.text(token);
        let mut words = Vec::new();
        let mut start = 0;
        let mut escaped = false;
        for at in 0..=text.len() {
            let ends =
                text.get(at).is_none_or(|byte| !escaped && is_separator(*byte) && *byte != b'$');
            if ends {
                words.push(normalize(&text[start..at]));
                start = at + 1;
                escaped = false;
            } else {
                escaped = !escaped && text[at] == b'\\';
            }
        }
        self.phrase(words)
    }

    /// The first dialect's `"a b"`.
    fn quoted(&mut self) -> Result<Option<Node>, QueryError> {
        self.next();
        if self.options.dialect.is_modern() {
            return Err(self.unexpected());
        }
        let mut words = Vec::new();
        while matches!(self.peek(), Kind::Term | Kind::Number(_)) {
            let token = self.next();
            words.push(normalize(self.text(&token)));
        }
        if words.is_empty() {
            return Err(self.unexpected());
        }
        self.expect(Kind::Quote)?;
        Ok(self.phrase(words))
    }

    fn phrase(&self, mut words: Vec<Vec<u8>>) -> Option<Node> {
        words.retain(|word| !word.is_empty() && !self.options.stop_words.contains(word));
        if words.is_empty() {
            return None;
        }
        let mut node = Node::new(NodeKind::Exact(words.into_iter().map(Node::term).collect()));
        node.options.verbatim = true;
        Some(node)
    }

    fn affix(&mut self, token: &Token, open: Ends, param: bool) -> Node {
        let text = self.affix_text(token, param);
        let text = crate::analysis::lower_case(&text);
        Node::new(NodeKind::Affix { kind: affix_kind(open), text })
    }

    /// The fixed part of `x*`.
    pub(super) fn affix_text(&mut self, token: &Token, param: bool) -> Vec<u8> {
        match param {
            true => self.parameter(token),
            false => unescape(self.text(token)),
        }
    }

    /// The pattern of `w'x'`.
    pub(super) fn wildcard_text(&mut self, token: &Token, param: bool) -> Vec<u8> {
        match param {
            true => self.parameter(token),
            false => unquoted(self.text(token)),
        }
    }

    /// `%x%`, with one to three percent signs at each side.
    fn fuzzy(&mut self) -> Result<Node, QueryError> {
        let mut distance = 0;
        while distance < 3 && self.take(Kind::Percent) {
            distance += 1;
        }
        let token = self.next();
        let text = match token.kind {
            Kind::Attribute { .. } if self.options.dialect.is_modern() => {
                normalize(&self.parameter(&token))
            }
            kind if is_plain(kind) => normalize(self.text(&token)),
            _ => return Err(self.error_at(&token, "Syntax error")),
        };
        for _ in 0..distance {
            self.expect(Kind::Percent)?;
        }
        Ok(Node::new(NodeKind::Fuzzy { text, distance }))
    }

    /// Says that `field` does not index empty values, if `node` asks for them.
    pub(super) fn check_empty(&mut self, node: &Node, fields: &[FieldInfo]) {
        if without_tag_text(node) && !fields.iter().any(|field| field.index_empty) {
            self.late.get_or_insert(QueryError::EmptyValue);
        }
    }
}

/// A pattern without the backslashes before quotes, which are ordinary characters of it.
fn unquoted(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut bytes = pattern.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, bytes.as_slice()) {
            (b'\\', [b'\'' | b'"', ..]) => {}
            (b'\\', [next, ..]) => {
                out.extend_from_slice(&[byte, *next]);
                bytes.next();
            }
            _ => out.push(byte),
        }
    }
    out
}

/// Whether the token is a word or number that means itself.
pub(super) fn is_plain(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Term | Kind::As | Kind::IsMissing | Kind::Number(_) | Kind::Size(_) | Kind::Exact
    )
}

pub(super) fn affix_kind(open: Ends) -> AffixKind {
    match (open.before, open.after) {
        (true, true) => AffixKind::Infix,
        (true, false) => AffixKind::Suffix,
        _ => AffixKind::Prefix,
    }
}
