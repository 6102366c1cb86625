//! From tokens to an expression.

use super::functions;
use super::lexer::{Kind, Token, tokens};
use super::{Arithmetic, ExpressionError, Node, Value};
use crate::escape::unescape;

/// How deeply an expression may be nested.
const MAX_DEPTH: usize = 100;

pub(super) fn parse(
    text: &[u8],
    column: &mut dyn FnMut(&[u8]) -> Option<usize>,
) -> Result<Node, ExpressionError> {
    let mut parser = Parser { text, tokens: tokens(text), at: 0, depth: 0, column, unknown: None };
    let node = parser.expression(0)?;
    if *parser.peek() != Kind::End {
        return Err(parser.unexpected());
    }
    match parser.unknown {
        None => Ok(node),
        Some(name) => Err(ExpressionError::UnknownField(name)),
    }
}

struct Parser<'a> {
    text: &'a [u8],
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    column: &'a mut dyn FnMut(&[u8]) -> Option<usize>,
    /// The first field that no column holds: told if nothing else is wrong.
    unknown: Option<Vec<u8>>,
}

/// What a `!` binds: comparisons, but not `&&`.
const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const POWER: u8 = 7;

/// How tightly an operator binds; none if the token is none.
fn strength(kind: &Kind) -> Option<u8> {
    Some(match kind {
        Kind::Or => 1,
        Kind::And => 2,
        Kind::Comparison(_) => COMPARISON,
        Kind::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => 5,
        Kind::Arithmetic(Arithmetic::Power) => POWER,
        Kind::Arithmetic(_) => 6,
        _ => return None,
    })
}

impl Parser<'_> {
    /// What stands here, as far as it binds more tightly than `above`.
    fn expression(&mut self, above: u8) -> Result<Node, ExpressionError> {
        if self.depth == MAX_DEPTH {
            return Err(ExpressionError::TooDeep);
        }
        self.depth += 1;
        let mut left = self.operand()?;
        let mut joined = 0;
        while let Some(strength) = strength(self.peek()).filter(|strength| *strength > above) {
            let operator = self.next();
            // A power's power is taken first; a comparison cannot be compared.
            let above = if strength == POWER { strength - 1 } else { strength };
            let right = self.expression(above)?;
            left = join(operator.kind, left, right);
            if strength == COMPARISON && matches!(self.peek(), Kind::Comparison(_)) {
                return Err(self.unexpected());
            }
            joined += 1;
            if joined > MAX_DEPTH {
                return Err(ExpressionError::TooDeep);
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Node, ExpressionError> {
        let token = self.next();
        match &token.kind {
            Kind::Number(number) => Ok(Node::Literal(Value::Number(*number))),
            Kind::Text(text) => Ok(Node::Literal(Value::text(text))),
            Kind::Field => Ok(self.field(&token)),
            Kind::Symbol if *self.peek() == Kind::Open => self.call(&token),
            Kind::Symbol if self.near(&token) == b"NULL" => Ok(Node::Literal(Value::Null)),
            Kind::Symbol => Err(match self.peek() {
                Kind::Symbol
                | Kind::Number(_)
                | Kind::Text(_)
                | Kind::Field
                | Kind::Open
                | Kind::Not => self.unexpected(),
                _ => ExpressionError::UnknownSymbol(self.near(&token).to_vec()),
            }),
            Kind::Not => Ok(match self.expression(NOT)? {
                Node::Not(inner) => *inner,
                inner => Node::Not(Box::new(inner)),
            }),
            Kind::Open => {
                let inner = self.expression(0)?;
                self.expect(&Kind::Close)?;
                Ok(inner)
            }
            _ => Err(self.error_at(&token)),
        }
    }

    fn field(&mut self, token: &Token) -> Node {
        let name = unescape(self.near(token));
        let column = (self.column)(&name).unwrap_or_else(|| {
            self.unknown.get_or_insert_with(|| name.clone());
            0
        });
        Node::Field { column, name: name.into() }
    }

    fn call(&mut self, token: &Token) -> Result<Node, ExpressionError> {
        let name = self.near(token).to_vec();
        self.next();
        let mut arguments = Vec::new();
        if *self.peek() != Kind::Close {
            arguments.push(self.expression(0)?);
            while *self.peek() == Kind::Comma {
                self.next();
                arguments.push(self.expression(0)?);
            }
        }
        self.expect(&Kind::Close)?;
        let function = functions::named(&name).ok_or(ExpressionError::UnknownFunction(name))?;
        let given = arguments.len();
        if !(function.min..=function.max).contains(&given) {
            let (function, min, max) = (function.name, function.min, function.max);
            return Err(ExpressionError::Arguments { function, min, max, given });
        }
        Ok(Node::Call { function, arguments })
    }

    fn peek(&self) -> &Kind {
        &self.tokens[self.at].kind
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].clone();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn expect(&mut self, kind: &Kind) -> Result<(), ExpressionError> {
        if self.peek() != kind {
            return Err(self.unexpected());
        }
        self.next();
        Ok(())
    }

    fn near(&self, token: &Token) -> &[u8] {
        &self.text[token.near.0..token.near.1]
    }

    fn unexpected(&self) -> ExpressionError {
        self.error_at(&self.tokens[self.at])
    }

    fn error_at(&self, token: &Token) -> ExpressionError {
        ExpressionError::Syntax { offset: token.offset, near: self.near(token).to_vec() }
    }
}

fn join(operator: Kind, left: Node, right: Node) -> Node {
    let (left, right) = (Box::new(left), Box::new(right));
    match operator {
        Kind::Or => Node::Or(left, right),
        Kind::Comparison(operator) => Node::Comparison { operator, left, right },
        Kind::Arithmetic(operator) => Node::Arithmetic { operator, left, right },
        _ => Node::And(left, right),
    }
}
