//! What a field of a row may hold.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::number::general_with;

/// A value. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Nothing, but knowingly so.
    #[default]
    Null,
    /// A number.
    Number(f64),
    /// Bytes, mostly text.
    Text(Arc<[u8]>),
    /// Several values in an order.
    Array(Arc<[Value]>),
    /// Named values.
    Map(Arc<[(Value, Value)]>),
}

impl Value {
    /// A text.
    pub fn text(bytes: impl AsRef<[u8]>) -> Self {
        Value::Text(bytes.as_ref().into())
    }

    /// 1 or 0.
    pub fn truth(holds: bool) -> Self {
        Value::Number(f64::from(u8::from(holds)))
    }

    /// The number that it is, or that it reads as.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Its text, if it is one.
    pub fn as_text(&self) -> Option<&[u8]> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number that RediSearch has for its kind: some errors tell it.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Value::Number(_) => 1,
            Value::Text(_) => 2,
            Value::Null => 3,
            Value::Array(_) => 5,
            Value::Map(_) => 8,
        }
    }

    /// Whether it counts as true.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Array(values) => !values.is_empty(),
            Value::Map(values) => !values.is_empty(),
        }
    }

    /// As a reply writes it: a number in as few digits as it needs, up to twelve.
    pub fn to_text(&self) -> Arc<[u8]> {
        match self {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number_text(*number).into_bytes().into(),
            _ => Arc::default(),
        }
    }

    /// The order of two values for sorting. Null comes first; a number and a text that is none are
    /// compared as texts; arrays by their first value.
    pub fn order(&self, other: &Value) -> Ordering {
        self.compare(other, true).unwrap_or(Ordering::Equal)
    }

    /// The order of two values for a comparison; none if a number meets what cannot be one.
    pub(super) fn strict_order(&self, other: &Value) -> Option<Ordering> {
        self.compare(other, false)
    }

    fn compare(&self, other: &Value, as_texts: bool) -> Option<Ordering> {
        use Value::{Array, Map, Null, Number, Text};
        match (self, other) {
            (Null, Null) => Some(Ordering::Equal),
            (Null, _) => Some(Ordering::Less),
            (_, Null) => Some(Ordering::Greater),
            (Number(one), Number(other)) => Some(numeric_order(*one, *other)),
            (Text(one), Text(other)) => Some(one.cmp(other)),
            (Number(number), Text(_)) => number_and_text(*number, other, as_texts),
            (Text(_), Number(number)) => {
                number_and_text(*number, self, as_texts).map(Ordering::reverse)
            }
            (Array(one), Array(other)) => match (one.first(), other.first()) {
                (Some(one), Some(other)) => one.compare(other, as_texts),
                _ => Some(one.len().cmp(&other.len())),
            },
            (Number(_), Array(_) | Map(_)) => as_texts.then_some(Ordering::Greater),
            (Array(_) | Map(_), Number(_)) => as_texts.then_some(Ordering::Less),
            (Text(text), _) => Some((!text.is_empty()).cmp(&false)),
            (_, Text(text)) => Some(false.cmp(&!text.is_empty())),
            _ => Some(Ordering::Equal),
        }
    }
}

/// Numbers in their order. What is not a number equals all: it has no order to keep.
fn numeric_order(one: f64, other: f64) -> Ordering {
    one.partial_cmp(&other).unwrap_or(Ordering::Equal)
}

fn number_and_text(number: f64, text: &Value, as_texts: bool) -> Option<Ordering> {
    match text.number() {
        Some(other) => Some(numeric_order(number, other)),
        None if as_texts => Some(number_text(number).as_bytes().cmp(text.as_text()?)),
        None => None,
    }
}

/// Whole numbers as such, others in up to twelve digits.
fn number_text(number: f64) -> String {
    let whole = number.fract() == 0.0 && number.abs() < 9.2e18;
    match whole {
        true => (number as i64).to_string(),
        false => general_with(number, 12),
    }
}

/// Values are the same if they are of one kind and look the same: what groups of rows go by.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Number(one), Value::Number(other)) => {
                one == other || (one.is_nan() && other.is_nan())
            }
            (Value::Text(one), Value::Text(other)) => one == other,
            (Value::Array(one), Value::Array(other)) => one == other,
            (Value::Map(one), Value::Map(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Number(number) if number.is_nan() => f64::NAN.to_bits().hash(state),
            Value::Number(number) => (number + 0.0).to_bits().hash(state),
            Value::Text(text) => text.hash(state),
            Value::Array(values) => values.hash(state),
            Value::Map(values) => values.hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        let (five, text) = (Value::Number(5.0), |text: &str| Value::text(text));
        assert_eq!(Value::Null.order(&five), Ordering::Less);
        assert_eq!(five.order(&text("10")), Ordering::Less);
        assert_eq!(text("10").order(&text("5")), Ordering::Less);
        assert_eq!(five.order(&text("x")), Ordering::Less);
        assert_eq!(five.strict_order(&text("x")), None);
        assert_eq!(Value::Number(f64::NAN).order(&five), Ordering::Equal);
        let array = |values: &[Value]| Value::Array(values.into());
        assert_eq!(array(std::slice::from_ref(&five)).order(&array(&[text("6")])), Ordering::Less);
        assert_eq!(array(&[]).order(&array(&[five])), Ordering::Less);
    }

    #[test]
    fn texts_of_numbers() {
        let text =
            |number: f64| String::from_utf8(Value::Number(number).to_text().to_vec()).unwrap();
        assert_eq!(text(3.0), "3");
        assert_eq!(text(-0.5), "-0.5");
        assert_eq!(text(1.0 / 3.0), "0.333333333333");
        assert_eq!(text(1e300), "1e+300");
        assert_eq!(text(f64::INFINITY), "inf");
        assert_eq!(text(f64::NAN), "nan");
    }
}
