//! The parser.
//!
//! A Pratt parser: each operator has a strength, and the strength of what comes next decides
//! whether an operand goes on or ends. The first dialect differs from the later ones mainly in
//! these strengths (`strength`), so that one parser serves both. The depth of nesting is bounded,
//! and so is with it the depth of every later walk over the tree.

mod attributes;
mod brackets;
mod expression;
mod field;
mod lexer;
mod strength;
mod tags;
mod values;
mod vector;
mod words;

use self::lexer::{Kind, Token};
use super::{Dialect, Fields, Node, NodeKind, Parameters, QueryError};
use crate::analysis::{Language, StopWords};

pub(super) use self::values::number;
pub use self::values::parse_range_bound;

/// What a query is parsed with.
#[derive(Debug, Clone, Copy)]
pub struct ParseOptions<'a> {
    /// The version of the language.
    pub dialect: Dialect,
    /// The values of its parameters.
    pub parameters: &'a Parameters,
    /// The words that the index leaves out.
    pub stop_words: &'a StopWords,
    /// The language of the query's words.
    pub language: Language,
}

/// The tree of `query`.
///
/// # Errors
/// If it is no query of the dialect, or asks fields for what they do not index.
pub fn parse(
    query: &[u8],
    fields: &dyn Fields,
    options: ParseOptions<'_>,
) -> Result<Node, QueryError> {
    let tokens = lexer::tokens(query, options.dialect);
    let mut parser = Parser { query, tokens, at: 0, fields, options, depth: 0, late: None };
    let root = parser.query()?;
    match parser.late {
        None => Ok(root.unwrap_or_else(|| Node::new(NodeKind::Empty))),
        Some(error) => Err(error),
    }
}

struct Parser<'a> {
    query: &'a [u8],
    tokens: Vec<Token>,
    at: usize,
    fields: &'a dyn Fields,
    options: ParseOptions<'a>,
    depth: usize,
    /// The first mistake in a value: told only if the syntax is right.
    late: Option<QueryError>,
}

impl Parser<'_> {
    /// How deeply a query may be nested.
    const MAX_DEPTH: usize = 200;

    fn query(&mut self) -> Result<Option<Node>, QueryError> {
        if self.peek() == Kind::End {
            return Ok(None);
        }
        let start = self.at;
        let root = match self.whole_star() {
            true => Some(Node::new(NodeKind::All)),
            false => {
                self.at = start;
                self.expression(strength::LOWEST, false)?
            }
        };
        if self.peek() == Kind::Arrow && self.options.dialect.is_modern() {
            return self.nearest(root).map(Some);
        }
        match self.peek() {
            Kind::End => Ok(root),
            _ => Err(self.unexpected()),
        }
    }

    /// `*`, up to the end or an arrow; in later dialects in any number of parentheses.
    fn whole_star(&mut self) -> bool {
        let mut open = 0;
        while self.options.dialect.is_modern() && self.take(Kind::OpenParen) {
            open += 1;
        }
        if !self.take(Kind::Star) {
            return false;
        }
        while open > 0 && self.take(Kind::CloseParen) {
            open -= 1;
        }
        open == 0 && matches!(self.peek(), Kind::End | Kind::Arrow)
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn peek(&self) -> Kind {
        self.token().kind
    }

    fn peek_second(&self) -> Kind {
        self.tokens.get(self.at + 1).map_or(Kind::End, |token| token.kind)
    }

    /// Takes the token; the end stays.
    fn next(&mut self) -> Token {
        let token = self.token().clone();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn take(&mut self, kind: Kind) -> bool {
        let there = self.peek() == kind;
        if there {
            self.next();
        }
        there
    }

    fn expect(&mut self, kind: Kind) -> Result<(), QueryError> {
        match self.take(kind) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    fn text(&self, token: &Token) -> &[u8] {
        &self.query[token.text.clone()]
    }

    /// The token that stands here cannot stand here.
    fn unexpected(&self) -> QueryError {
        self.error_at(self.token(), "Syntax error")
    }

    fn error_at(&self, token: &Token, what: &'static str) -> QueryError {
        let near = Some(self.query[token.near.clone()].to_vec());
        QueryError::Syntax { what, offset: token.offset, near }
    }

    /// Runs `inner` one level deeper.
    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        if self.depth == Self::MAX_DEPTH {
            return Err(QueryError::TooDeep);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Keeps a mistake for later, and goes on with `instead`.
    fn or_later<T>(&mut self, result: Result<T, QueryError>, instead: T) -> T {
        result.unwrap_or_else(|error| {
            self.late.get_or_insert(error);
            instead
        })
    }
}
