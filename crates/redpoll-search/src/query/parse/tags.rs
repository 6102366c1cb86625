//! `@field:{a | b}`

use super::super::{FieldInfo, Node, NodeKind, QueryError, TagQuery, TagValue};
use super::Parser;
use super::field::Named;
use super::lexer::Kind;
use super::words::{affix_kind, is_plain};
use crate::analysis::{is_separator, lower_case};
use crate::escape::unescape;

impl Parser<'_> {
    pub(super) fn tags(&mut self, named: &Named) -> Result<Option<Node>, QueryError> {
        self.next();
        let (mut values, mut empty) = (Vec::new(), false);
        loop {
            // A parameter may turn out to be empty: then nothing is found.
            let written = !matches!(self.peek(), Kind::Attribute { .. });
            let value = self.tag()?;
            empty |= written && value == TagValue::Exact(Vec::new());
            values.push(value);
            if !self.take(Kind::Or) {
                break;
            }
        }
        self.expect(Kind::CloseBrace)?;
        // The first dialect makes nothing of more of them.
        while !self.options.dialect.is_modern() && self.take(Kind::CloseBrace) {}
        let Some(info) = self.of_kind(named, |kinds| kinds.tag, "Expected a TAG field")? else {
            return Ok(Some(Node::new(NodeKind::Empty)));
        };
        if !info.index_empty && empty {
            self.late.get_or_insert(QueryError::EmptyValue);
        }
        let values = values.into_iter().map(|value| in_case(value, &info)).collect();
        Ok(Some(Node::new(NodeKind::Tag(TagQuery { field: info.id, values }))))
    }

    /// One tag. Several words are one tag with spaces in it.
    fn tag(&mut self) -> Result<TagValue, QueryError> {
        match self.peek() {
            Kind::Affix { open, param } => {
                let token = self.next();
                return Ok(TagValue::Affix(affix_kind(open), self.affix_text(&token, param)));
            }
            Kind::Wildcard { param } => {
                let token = self.next();
                return Ok(TagValue::Wildcard(self.wildcard_text(&token, param)));
            }
            _ => {}
        }
        if self.options.dialect.is_modern()
            && let Some(tag) = self.punctuated()
        {
            return Ok(TagValue::Exact(tag));
        }
        let mut words = Vec::new();
        loop {
            match self.peek() {
                kind if is_plain(kind) => {
                    let token = self.next();
                    words.push(unescape(self.text(&token)));
                }
                Kind::Attribute { .. } if self.options.dialect.is_modern() => {
                    let token = self.next();
                    words.push(self.parameter(&token));
                }
                _ if words.is_empty() => return Err(self.unexpected()),
                _ if words.len() > 1 => return Ok(TagValue::Words(words)),
                _ => return Ok(TagValue::Exact(words.concat())),
            }
        }
    }
}

impl Parser<'_> {
    /// A tag with punctuation in it that nothing marks as part of the tag: in later dialects it is
    /// meant as it stands, up to the next `|` or `}`. None if there is no such thing, or anything
    /// that has a meaning of its own.
    fn punctuated(&mut self) -> Option<Vec<u8>> {
        let start = self.tokens.get(self.at.checked_sub(1)?)?.offset + 1;
        let (mut end, mut escaped, mut bare) = (start, false, false);
        loop {
            match *self.query.get(end)? {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'|' | b'}' => break,
                b'$' | b'*' | b'"' | b'\'' | b'{' => return None,
                byte => bare |= is_separator(byte) && !byte.is_ascii_whitespace(),
            }
            end += 1;
        }
        if !bare {
            return None;
        }
        while self.peek() != Kind::End && self.token().offset < end {
            self.next();
        }
        Some(unescape(trimmed(&self.query[start..end])))
    }
}

/// Without spaces at its ends, but for one that is escaped.
fn trimmed(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii_start();
    while let [rest @ .., last] = text
        && last.is_ascii_whitespace()
        && rest.last() != Some(&b'\\')
    {
        text = rest;
    }
    text
}

/// The value in the case that the field keeps.
fn in_case(value: TagValue, field: &FieldInfo) -> TagValue {
    match value {
        value if field.case_sensitive => value,
        TagValue::Exact(text) => TagValue::Exact(lower_case(&text)),
        TagValue::Words(words) => {
            TagValue::Words(words.iter().map(|word| lower_case(word)).collect())
        }
        TagValue::Affix(kind, text) => TagValue::Affix(kind, lower_case(&text)),
        TagValue::Wildcard(pattern) => TagValue::Wildcard(lower_case(&pattern)),
    }
}
