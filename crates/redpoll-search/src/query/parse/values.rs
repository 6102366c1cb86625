//! Values: numbers, escapes, parameters.

use super::super::{Node, NodeKind, QueryError};
use super::Parser;
use super::lexer::{Kind, Token};

impl Parser<'_> {
    /// The value of the parameter that `token` names; empty if there is none, which is told later.
    pub(super) fn parameter(&mut self, token: &Token) -> Vec<u8> {
        let value = self.options.parameters.value(self.text(token)).map(<[u8]>::to_vec);
        self.or_later(value, Vec::new())
    }

    /// A number or a parameter for one.
    pub(super) fn numeric(&mut self) -> Result<f64, QueryError> {
        let negative = self.minus();
        let token = self.next();
        let value = match token.kind {
            Kind::Number(value) | Kind::Size(value) => value,
            Kind::Attribute { negative: signed } => {
                let value = self.numeric_parameter(&token);
                if signed { -value } else { value }
            }
            _ => return Err(self.error_at(&token, "Syntax error")),
        };
        Ok(if negative { -value } else { value })
    }

    /// One end of a range, and whether it belongs to the range.
    pub(super) fn bound(&mut self, upper: bool) -> Result<(f64, bool), QueryError> {
        let inclusive = !self.take(Kind::OpenParen);
        let at = self.at;
        let negative = self.minus();
        match self.peek() {
            Kind::Attribute { .. } => {
                let token = self.next();
                let value = self.parameter(&token);
                // A range may be a single infinity.
                let infinite = number(&value).filter(|value| value.is_infinite());
                let parsed = infinite
                    .map_or_else(|| parse_range_bound(&value, upper).map(|(value, _)| value), Ok);
                let value = match self.late.is_some() {
                    true => 0.0,
                    false => self.or_later(parsed, 0.0),
                };
                Ok((if negative { -value } else { value }, inclusive))
            }
            _ => {
                self.at = at;
                Ok((self.numeric()?, inclusive))
            }
        }
    }

    /// A whole number that is not below zero, or a parameter for one.
    pub(super) fn size(&mut self) -> Result<usize, QueryError> {
        let token = self.next();
        match token.kind {
            Kind::Size(value) => Ok(value as usize),
            Kind::Attribute { .. } => {
                let value = self.parameter(&token);
                let parsed = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
                let name = self.text(&token).to_vec();
                let result = parsed.ok_or(QueryError::ParameterNotNumeric { name, value });
                Ok(self.or_later(result, 0))
            }
            _ => Err(self.error_at(&token, "Syntax error")),
        }
    }

    fn numeric_parameter(&mut self, token: &Token) -> f64 {
        let value = self.parameter(token);
        let name = self.text(token).to_vec();
        let result = number(&value).ok_or(QueryError::ParameterNotNumeric { name, value });
        self.or_later(result, 0.0)
    }

    fn minus(&mut self) -> bool {
        let mut negative = false;
        while self.take(Kind::Minus) {
            negative = !negative;
        }
        negative
    }
}

/// The number that `text` is; infinity counts if it is meant, what is no number does not.
pub(in super::super) fn number(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let too_large = value.is_infinite() && text.iter().any(u8::is_ascii_digit);
    let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or_default();
    let too_small = value == 0.0 && mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    (!value.is_nan() && !too_large && !too_small).then_some(value)
}

/// One end of a range as commands and parameters give it: `5`, `(5` or `inf`.
///
/// # Errors
/// If it is none.
pub fn parse_range_bound(text: &[u8], upper: bool) -> Result<(f64, bool), QueryError> {
    let (digits, inclusive) = match text {
        [b'(', rest @ ..] => (rest, false),
        _ => (text, true),
    };
    let value =
        number(digits).filter(|value| value.is_finite() || (*value == f64::INFINITY) == upper);
    match value {
        Some(value) => Ok((value, inclusive)),
        None => Err(QueryError::BadRange { upper, value: digits.to_vec() }),
    }
}

/// Whether the node or one below it is an empty word.
pub(super) fn without_tag_text(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Term { text, .. } => text.is_empty(),
        _ => node.children().iter().any(without_tag_text),
    }
}
