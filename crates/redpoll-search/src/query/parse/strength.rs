//! How tightly things bind.
//!
//! The order is that of the grammar that the language is defined by: where an operand could go on
//! or end, it goes on if what comes next is stronger than what the operand belongs to. Some of it
//! is surprising (a number after `@field:word` belongs to the field, a word does not), but queries
//! that exist rely on it.

use super::super::Dialect;
use super::lexer::Kind;

/// How tightly something binds.
pub(super) type Strength = u8;

/// What the whole query, or what stands in parentheses, is bound with.
pub(super) const LOWEST: Strength = 0;

/// The strengths of the operators.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strengths {
    pub(super) or: Strength,
    /// Two things side by side.
    pub(super) and: Strength,
    pub(super) not: Strength,
    pub(super) optional: Strength,
    /// A field's name before what it asks of the field.
    pub(super) field: Strength,
    /// `=> {…}`
    pub(super) attributes: Strength,
}

/// The strengths of `dialect`.
pub(super) fn strengths(dialect: Dialect) -> Strengths {
    match dialect.is_modern() {
        true => Strengths { or: 3, and: 12, not: 11, optional: 11, field: 14, attributes: 13 },
        false => Strengths { or: 17, and: 16, not: 5, optional: 1, field: 15, attributes: 19 },
    }
}

/// The strength of a token that begins an operand; none if it does not begin one.
pub(super) fn of_operand(kind: Kind, dialect: Dialect) -> Option<Strength> {
    let (modern, first) = match kind {
        Kind::Term | Kind::As => (8, 9),
        Kind::IsMissing => (8, 9),
        Kind::Modifier => (5, 15),
        Kind::Exact => (7, 3),
        Kind::Quote => (9, 3),
        Kind::OpenParen => (10, 13),
        Kind::Minus => (11, 5),
        Kind::Tilde => (11, 1),
        Kind::Number(_) => (17, 6),
        Kind::Size(_) => (18, 6),
        Kind::Affix { .. } => (22, 10),
        Kind::Percent => (23, 11),
        Kind::Attribute { .. } => (24, 12),
        Kind::Wildcard { .. } => (25, 10),
        _ => return None,
    };
    Some(if dialect.is_modern() { modern } else { first })
}
