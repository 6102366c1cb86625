//! `@field:` and what may follow it.

use super::super::{FieldInfo, FieldKinds, Node, NodeKind, NumericRange, QueryError, TextMask};
use super::Parser;
use super::expression::negate;
use super::lexer::{Comparison, Kind, Token};
use crate::escape::unescape;

/// A field that a query names. The first dialect may name fields that do not exist.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) token: Token,
    pub(super) info: Option<FieldInfo>,
}

impl Parser<'_> {
    /// `@field:…`, `@a|b:…`, `@field == 5`.
    pub(super) fn field(&mut self) -> Result<Option<Node>, QueryError> {
        let named = self.modifier()?;
        match self.peek() {
            Kind::Compare(comparison) => {
                self.next();
                self.comparison(&named, comparison)
            }
            Kind::Or => self.several(named),
            _ => {
                self.expect(Kind::Colon)?;
                match self.peek() {
                    Kind::OpenBrace => self.tags(&named),
                    Kind::OpenBracket => self.brackets(&named),
                    _ => self.scoped(&[named]),
                }
            }
        }
    }

    /// `ismissing(@field)`
    pub(super) fn missing(&mut self) -> Result<Option<Node>, QueryError> {
        self.next();
        self.expect(Kind::OpenParen)?;
        if self.peek() != Kind::Modifier {
            return Err(self.unexpected());
        }
        let named = self.modifier()?;
        self.expect(Kind::CloseParen)?;
        match named.info {
            Some(info) if info.index_missing => Ok(Some(Node::new(NodeKind::Missing(info.id)))),
            _ => Err(self.error_at(
                &named.token,
                "'ismissing' requires defining the field with 'INDEXMISSING'",
            )),
        }
    }

    /// A field's name. Later dialects insist that there is such a field.
    pub(super) fn modifier(&mut self) -> Result<Named, QueryError> {
        let token = self.next();
        self.named(token)
    }

    fn named(&self, token: Token) -> Result<Named, QueryError> {
        let info = self.fields.field(&unescape(self.text(&token)));
        if info.is_none() && self.options.dialect.is_modern() {
            return Err(self.error_at(&token, "Unknown field"));
        }
        Ok(Named { token, info })
    }

    /// The field, if it is of a kind. Later dialects insist on it.
    pub(super) fn of_kind(
        &self,
        named: &Named,
        is: impl Fn(&FieldKinds) -> bool,
        complaint: &'static str,
    ) -> Result<Option<FieldInfo>, QueryError> {
        match named.info.filter(|info| is(&info.kinds)) {
            None if self.options.dialect.is_modern() => Err(self.error_at(&named.token, complaint)),
            info => Ok(info),
        }
    }

    fn several(&mut self, first: Named) -> Result<Option<Node>, QueryError> {
        let mut fields = vec![first];
        while self.take(Kind::Or) {
            let token = self.next();
            let word = matches!(token.kind, Kind::Term | Kind::As | Kind::IsMissing);
            if !word && !matches!(token.kind, Kind::Number(_) | Kind::Size(_)) {
                return Err(self.error_at(&token, "Syntax error"));
            }
            fields.push(self.named(token)?);
        }
        self.expect(Kind::Colon)?;
        self.scoped(&fields)
    }

    /// Words in these fields.
    fn scoped(&mut self, fields: &[Named]) -> Result<Option<Node>, QueryError> {
        let modern = self.options.dialect.is_modern();
        let node = self.expression(self.strengths().field, modern)?;
        let mut mask = TextMask::NONE;
        let mut infos = Vec::new();
        for field in fields {
            if let Some(info) = self.of_kind(field, |kinds| kinds.text, "Expected a TEXT field")? {
                mask.0 |= TextMask::of(info.text_bit).0;
                infos.push(info);
            }
        }
        Ok(node.map(|mut node| {
            self.check_empty(&node, &infos);
            node.restrict(mask);
            node
        }))
    }

    /// `@field >= 5`
    fn comparison(
        &mut self,
        named: &Named,
        comparison: Comparison,
    ) -> Result<Option<Node>, QueryError> {
        let value = self.numeric()?;
        let complaint = "Expected a NUMERIC field";
        let Some(info) = self.of_kind(named, |kinds| kinds.numeric, complaint)? else {
            return Ok(Some(Node::new(NodeKind::Empty)));
        };
        let (min, max) = match comparison {
            Comparison::Equal | Comparison::NotEqual => (value, value),
            Comparison::Less | Comparison::LessOrEqual => (f64::NEG_INFINITY, value),
            Comparison::Greater | Comparison::GreaterOrEqual => (value, f64::INFINITY),
        };
        let node = Node::new(NodeKind::Numeric(NumericRange {
            field: info.id,
            min,
            max,
            min_inclusive: comparison != Comparison::Greater,
            max_inclusive: comparison != Comparison::Less,
        }));
        Ok(Some(if comparison == Comparison::NotEqual { negate(node) } else { node }))
    }
}
