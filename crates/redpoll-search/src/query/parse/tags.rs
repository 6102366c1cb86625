//! `@field:{a | b}`

use super::super::{FieldInfo, Node, NodeKind, QueryError, TagQuery, TagValue};
use super::Parser;
use super::field::Named;
use super::lexer::Kind;
use super::words::{affix_kind, is_plain};
use crate::analysis::lower_case;
use crate::escape::unescape;

impl Parser<'_> {
    pub(super) fn tags(&mut self, named: &Named) -> Result<Option<Node>, QueryError> {
        self.next();
        let mut values = vec![self.tag()?];
        while self.take(Kind::Or) {
            values.push(self.tag()?);
        }
        self.expect(Kind::CloseBrace)?;
        let Some(info) = self.of_kind(named, |kinds| kinds.tag, "Expected a TAG field")? else {
            return Ok(Some(Node::new(NodeKind::Empty)));
        };
        if !info.index_empty && values.contains(&TagValue::Exact(Vec::new())) {
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
                _ => return Ok(TagValue::Exact(words.join(&b' '))),
            }
        }
    }
}

/// The value in the case that the field keeps.
fn in_case(value: TagValue, field: &FieldInfo) -> TagValue {
    match value {
        value if field.case_sensitive => value,
        TagValue::Exact(text) => TagValue::Exact(lower_case(&text)),
        TagValue::Affix(kind, text) => TagValue::Affix(kind, lower_case(&text)),
        TagValue::Wildcard(pattern) => TagValue::Wildcard(lower_case(&pattern)),
    }
}
