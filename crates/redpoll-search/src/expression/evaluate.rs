//! The value of an expression in a row.

use std::cmp::Ordering;
use std::sync::Arc;

use super::functions::Implementation;
use super::{Arithmetic, Comparison, EvaluationError, Node, Value};

/// What expressions are evaluated for.
pub trait Row {
    /// The value in a column; none if the row has none.
    fn value(&self, column: usize) -> Option<Value>;

    /// The words by which the row was found.
    fn matched_terms(&self) -> &[Arc<[u8]>] {
        &[]
    }
}

/// Whether a value that is missing is a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is: the query asked for it.
    Query,
    /// It is not: documents may lack fields.
    Filter,
}

pub(super) fn evaluate(node: &Node, row: &dyn Row) -> Result<Value, EvaluationError> {
    Evaluator { row, mode: Mode::Query }.value(node)
}

pub(super) fn accepts(node: &Node, row: &dyn Row) -> bool {
    let value = Evaluator { row, mode: Mode::Filter }.value(node);
    value.is_ok_and(|value| value.is_true())
}

#[derive(Clone, Copy)]
struct Evaluator<'a> {
    row: &'a dyn Row,
    mode: Mode,
}

impl Evaluator<'_> {
    fn value(self, node: &Node) -> Result<Value, EvaluationError> {
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Field { column, name } => {
                self.row.value(*column).ok_or_else(|| EvaluationError::Missing(name.clone()))
            }
            Node::Arithmetic { operator, left, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                arithmetic(*operator, &left, &right)
            }
            Node::Comparison { operator, left, right } => self.comparison(*operator, left, right),
            Node::And(left, right) => {
                let holds = self.truth(left)? && self.truth(right)?;
                Ok(Value::truth(holds))
            }
            Node::Or(left, right) => {
                let holds = self.truth(left)? || self.truth(right)?;
                Ok(Value::truth(holds))
            }
            Node::Not(inner) => Ok(Value::truth(!self.value(inner)?.is_true())),
            Node::Call { function, arguments } => match function.run {
                Implementation::Exists => match self.value(&arguments[0]) {
                    Err(EvaluationError::Missing(_)) => Ok(Value::truth(false)),
                    value => value.map(|value| Value::truth(!matches!(value, Value::Null))),
                },
                Implementation::Case => {
                    let branch = if self.value(&arguments[0])?.is_true() { 1 } else { 2 };
                    self.value(&arguments[branch])
                }
                Implementation::MatchedTerms => self.matched_terms(arguments),
                Implementation::Plain(run) => {
                    let values: Result<Vec<_>, _> =
                        arguments.iter().map(|argument| self.value(argument)).collect();
                    run(&values?)
                }
            },
        }
    }

    /// What is missing is not true.
    fn truth(self, node: &Node) -> Result<bool, EvaluationError> {
        match self.value(node) {
            Err(EvaluationError::Missing(_)) => Ok(false),
            value => Ok(value?.is_true()),
        }
    }

    fn comparison(
        self,
        operator: Comparison,
        left: &Node,
        right: &Node,
    ) -> Result<Value, EvaluationError> {
        let sides = self.value(left).and_then(|left| Ok((left, self.value(right)?)));
        let (left, right) = match sides {
            Err(EvaluationError::Missing(_)) if self.mode == Mode::Filter => {
                return Ok(Value::truth(false));
            }
            sides => sides?,
        };
        let order = left.strict_order(&right);
        let holds = match operator {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::NotEqual => order != Some(Ordering::Equal),
            _ => {
                let order = order.ok_or(EvaluationError::Incomparable)?;
                match operator {
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    _ => order.is_ge(),
                }
            }
        };
        Ok(Value::truth(holds))
    }

    fn matched_terms(self, arguments: &[Node]) -> Result<Value, EvaluationError> {
        let mut limit = 100;
        if let Some(argument) = arguments.first() {
            let wanted = self.value(argument)?.number().filter(|n| (1.0..=100.0).contains(n));
            limit = wanted.map_or(limit, |wanted| wanted as usize);
        }
        let terms = self.row.matched_terms();
        if terms.is_empty() {
            return Ok(Value::Null);
        }
        Ok(Value::Array(terms.iter().take(limit).map(|term| Value::Text(term.clone())).collect()))
    }
}

fn arithmetic(operator: Arithmetic, left: &Value, right: &Value) -> Result<Value, EvaluationError> {
    let number = |value: &Value| value.number().ok_or(EvaluationError::NotNumeric);
    let (left, right) = (number(left)?, number(right)?);
    Ok(Value::Number(match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
        Arithmetic::Power => left.powf(right),
    }))
}
