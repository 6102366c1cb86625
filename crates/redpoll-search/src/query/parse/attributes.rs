//! `=> { $weight: 0.5; $slop: 2 }`

use super::super::{Node, NodeKind, QueryError, VectorSearch};
use super::Parser;
use super::lexer::Kind;
use super::values::number;
use super::vector::set_tuning;
use super::words::is_plain;

impl Parser<'_> {
    /// Reads attributes and lets them say what they say about `node`, if there is one.
    pub(super) fn attributes(&mut self, mut node: Option<&mut Node>) -> Result<(), QueryError> {
        self.expect(Kind::OpenBrace)?;
        let mut given = Vec::new();
        while self.peek() != Kind::CloseBrace {
            if !matches!(self.peek(), Kind::Attribute { .. }) {
                return Err(self.unexpected());
            }
            let name = self.next();
            self.expect(Kind::Colon)?;
            let value = self.next();
            let text = match value.kind {
                Kind::Attribute { .. } if self.options.dialect.is_modern() => {
                    self.parameter(&value)
                }
                kind if is_plain(kind) => self.text(&value).to_vec(),
                _ => return Err(self.error_at(&value, "Syntax error")),
            };
            given.push((self.text(&name).to_vec(), text));
            if self.peek() != Kind::CloseBrace {
                self.expect(Kind::Semicolon)?;
            }
        }
        self.next();
        if let Some(node) = &mut node {
            for (name, value) in &given {
                apply(node, name, value)?;
            }
        }
        Ok(())
    }
}

fn apply(node: &mut Node, name: &[u8], value: &[u8]) -> Result<(), QueryError> {
    let bad = || QueryError::BadAttributeValue { name: name.to_vec(), value: value.to_vec() };
    if value.is_empty() {
        return Err(bad());
    }
    match name.to_ascii_lowercase().as_slice() {
        b"slop" => {
            let slop: i64 = whole(value).filter(|slop| *slop >= -1).ok_or_else(bad)?;
            node.options.slop = u32::try_from(slop).ok();
        }
        b"inorder" => node.options.in_order = Some(truth(value).ok_or_else(bad)?),
        b"weight" => {
            let weight = number(value).filter(|weight| *weight >= 0.0);
            node.options.weight = weight.ok_or_else(bad)?;
        }
        b"phonetic" => node.options.phonetic = Some(truth(value).ok_or_else(bad)?),
        attribute => return apply_to_vector(node, attribute, name, value),
    }
    Ok(())
}

fn apply_to_vector(
    node: &mut Node,
    attribute: &[u8],
    name: &[u8],
    value: &[u8],
) -> Result<(), QueryError> {
    let NodeKind::Vector(query) = &mut node.kind else {
        return Err(QueryError::BadAttribute(name.to_vec()));
    };
    match attribute {
        b"yield_distance_as" => {
            if matches!(query.search, VectorSearch::Within(_)) {
                query.score_as = Some(value.to_vec());
            }
            node.options.yield_distance_as = Some(value.to_vec());
        }
        b"hybrid_policy" | b"batch_size" if matches!(query.search, VectorSearch::Within(_)) => {
            return Err(QueryError::VectorParameter(
                "hybrid query attributes were sent for a non-hybrid query",
            ));
        }
        b"ef_runtime"
        | b"search_window_size"
        | b"epsilon"
        | b"hybrid_policy"
        | b"batch_size"
        | b"shard_k_ratio" => {
            set_tuning(query, attribute, value)?;
        }
        _ => return Err(QueryError::BadAttribute(name.to_vec())),
    }
    Ok(())
}

fn whole(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn truth(text: &[u8]) -> Option<bool> {
    match text.to_ascii_lowercase().as_slice() {
        b"true" | b"1" => Some(true),
        b"false" | b"0" => Some(false),
        _ => None,
    }
}
