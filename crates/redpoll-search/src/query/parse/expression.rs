//! Operators and what they stand between.

use super::super::{Node, NodeKind, NodeOptions, QueryError};
use super::Parser;
use super::lexer::Kind;
use super::strength::{self, Strength, Strengths};

impl Parser<'_> {
    /// What stands here, as far as it binds more tightly than `above`. None if it is nothing but
    /// stop words. `text_only`: after a field's name only words may follow.
    pub(super) fn expression(
        &mut self,
        above: Strength,
        text_only: bool,
    ) -> Result<Option<Node>, QueryError> {
        self.deeper(|parser| {
            let mut left = parser.operand(text_only)?;
            while let Some(joined) = parser.join(&mut left, above, text_only)? {
                left = joined;
            }
            Ok(left)
        })
    }

    /// Takes the next operator, if it is strong enough, and joins what follows to `left`.
    fn join(
        &mut self,
        left: &mut Option<Node>,
        above: Strength,
        text_only: bool,
    ) -> Result<Option<Option<Node>>, QueryError> {
        let strengths = self.strengths();
        match self.peek() {
            Kind::Arrow if strengths.attributes > above => {
                let modern = self.options.dialect.is_modern();
                let whole = above == strength::LOWEST && self.depth == 1;
                if whole && modern && self.peek_second() == Kind::OpenBracket {
                    return Ok(None);
                }
                self.next();
                self.attributes(left.as_mut())?;
                Ok(Some(left.take()))
            }
            Kind::Or if strengths.or > above => {
                self.next();
                let right = self.expression(strengths.or, text_only)?;
                Ok(Some(union(left.take(), right)))
            }
            kind if self.goes_on(kind, above, text_only) => {
                let right = self.expression(strengths.and, text_only)?;
                Ok(Some(intersection(left.take(), right)))
            }
            _ => Ok(None),
        }
    }

    /// Whether another operand follows side by side.
    fn goes_on(&self, kind: Kind, above: Strength, text_only: bool) -> bool {
        let and = self.strengths().and;
        let fits = !(text_only && kind == Kind::Modifier);
        let strength = strength::of_operand(kind, self.options.dialect);
        fits && above != and && strength.is_some_and(|strength| strength > above)
    }

    pub(super) fn strengths(&self) -> Strengths {
        strength::strengths(self.options.dialect)
    }

    fn operand(&mut self, text_only: bool) -> Result<Option<Node>, QueryError> {
        let strengths = self.strengths();
        match self.peek() {
            Kind::Minus => {
                self.next();
                Ok(self.expression(strengths.not, text_only)?.map(negate))
            }
            Kind::Tilde => {
                self.next();
                let inner = self.expression(strengths.optional, text_only)?;
                Ok(inner.map(|inner| Node::new(NodeKind::Optional(Box::new(inner)))))
            }
            Kind::OpenParen => {
                self.next();
                let inner = self.expression(strength::LOWEST, text_only)?;
                self.expect(Kind::CloseParen)?;
                Ok(inner)
            }
            Kind::Modifier if !text_only => self.field(),
            Kind::IsMissing if !text_only && self.peek_second() == Kind::OpenParen => {
                self.missing()
            }
            _ => self.words(),
        }
    }
}

/// Both. Grows an intersection that nothing special is said about rather than nesting another.
fn intersection(left: Option<Node>, right: Option<Node>) -> Option<Node> {
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) => (left, right),
        (left, right) => return left.or(right),
    };
    let mut nodes = parts_of_intersection(left);
    nodes.extend(parts_of_intersection(right));
    Some(Node::new(NodeKind::Intersection(nodes)))
}

/// Either.
fn union(left: Option<Node>, right: Option<Node>) -> Option<Node> {
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) => (left, right),
        (left, right) => return left.or(right),
    };
    let mut nodes = parts_of_union(left);
    nodes.extend(parts_of_union(right));
    Some(Node::new(NodeKind::Union(nodes)))
}

fn parts_of_intersection(node: Node) -> Vec<Node> {
    match node.kind {
        NodeKind::Intersection(nodes) if node.options == NodeOptions::default() => nodes,
        _ => vec![node],
    }
}

fn parts_of_union(node: Node) -> Vec<Node> {
    match node.kind {
        NodeKind::Union(nodes) if node.options == NodeOptions::default() => nodes,
        _ => vec![node],
    }
}

/// All others. Twice is not at all.
pub(super) fn negate(node: Node) -> Node {
    match node.kind {
        NodeKind::Not(inner) => *inner,
        _ => Node::new(NodeKind::Not(Box::new(node))),
    }
}
