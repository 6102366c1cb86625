//! Expressions over the fields of a row: APPLY and FILTER of an aggregation, FILTER of an index.
//!
//! An expression is parsed once: its fields become numbers of columns and its functions addresses.
//! It is then evaluated for row after row. Nesting is bounded, so evaluation is.

mod error;
mod evaluate;
mod functions;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;
mod value;

pub use error::{EvaluationError, ExpressionError};
pub use evaluate::Row;
pub use value::Value;

use functions::Function;

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expression {
    root: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Literal(Value),
    Field { column: usize, name: Box<[u8]> },
    Arithmetic { operator: Arithmetic, left: Box<Node>, right: Box<Node> },
    Comparison { operator: Comparison, left: Box<Node>, right: Box<Node> },
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Call { function: &'static Function, arguments: Vec<Node> },
}

impl Node {
    fn asks_matched_terms(&self) -> bool {
        match self {
            Node::Literal(_) | Node::Field { .. } => false,
            Node::Not(inner) => inner.asks_matched_terms(),
            Node::Arithmetic { left, right, .. }
            | Node::Comparison { left, right, .. }
            | Node::And(left, right)
            | Node::Or(left, right) => left.asks_matched_terms() || right.asks_matched_terms(),
            Node::Call { function, arguments } => {
                matches!(function.run, functions::Implementation::MatchedTerms)
                    || arguments.iter().any(Node::asks_matched_terms)
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Arithmetic {
    fn sign(self) -> char {
        match self {
            Arithmetic::Add => '+',
            Arithmetic::Subtract => '-',
            Arithmetic::Multiply => '*',
            Arithmetic::Divide => '/',
            Arithmetic::Remainder => '%',
            Arithmetic::Power => '^',
        }
    }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

impl Expression {
    /// Parses `text`. `column` tells which column of a row holds a field; none if no column does.
    ///
    /// # Errors
    /// If the text is no expression, or asks for what there is not.
    pub fn parse(
        text: &[u8],
        column: &mut dyn FnMut(&[u8]) -> Option<usize>,
    ) -> Result<Self, ExpressionError> {
        parser::parse(text, column).map(|root| Expression { root })
    }

    /// The field, if the expression is nothing but one.
    pub fn as_field(&self) -> Option<usize> {
        match self.root {
            Node::Field { column, .. } => Some(column),
            _ => None,
        }
    }

    /// What stands at its top, as FT.PROFILE names it.
    pub fn describe(&self) -> String {
        match &self.root {
            Node::Literal(value) => {
                format!("Literal {}", String::from_utf8_lossy(&value.to_text()))
            }
            Node::Field { name, .. } => format!("Property {}", String::from_utf8_lossy(name)),
            Node::Arithmetic { operator, .. } => format!("Operator {}", operator.sign()),
            Node::Comparison { operator, .. } => format!("Predicate {}", operator.sign()),
            Node::And(..) => "Predicate &&".to_owned(),
            Node::Or(..) => "Predicate ||".to_owned(),
            Node::Not(_) => "Inverted".to_owned(),
            Node::Call { function, .. } => format!("Function {}", function.name),
        }
    }

    /// Whether it asks by which words a row was found.
    pub fn asks_matched_terms(&self) -> bool {
        self.root.asks_matched_terms()
    }

    /// Its value in `row`.
    ///
    /// # Errors
    /// If a value is missing, or is not of the kind that is needed.
    pub fn evaluate(&self, row: &dyn Row) -> Result<Value, EvaluationError> {
        evaluate::evaluate(&self.root, row)
    }

    /// Whether `row` passes it as an index's filter: where a comparison lacks a value, it does not
    /// hold, and what cannot be evaluated does not pass.
    pub fn accepts(&self, row: &dyn Row) -> bool {
        evaluate::accepts(&self.root, row)
    }
}
