//! What can be wrong with a query.

use std::fmt;

use super::parse::number;
use crate::number::general;

/// Why a query was refused.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryError {
    /// The text cannot be read on from some place.
    Syntax {
        /// What is wrong there.
        what: &'static str,
        /// The place, in bytes.
        offset: usize,
        /// What stands there; none if there is nothing to show.
        near: Option<Vec<u8>>,
    },
    /// Nested too deeply.
    TooDeep,
    /// A parameter that was not given.
    NoParameter(Vec<u8>),
    /// A parameter that was given twice.
    DuplicateParameter(Vec<u8>),
    /// A parameter's value that is no number, where one is needed.
    ParameterNotNumeric {
        /// The parameter.
        name: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
    /// The lower or upper end of a range that is no number.
    BadRange {
        /// Whether it is the upper end.
        upper: bool,
        /// What was given.
        value: Vec<u8>,
    },
    /// A range whose ends are the wrong way around.
    EmptyRange {
        /// The field.
        field: Vec<u8>,
        /// The lower end.
        min: f64,
        /// The upper end.
        max: f64,
    },
    /// A circle that is none.
    BadGeo(&'static str),
    /// An attribute that the node does not have.
    BadAttribute(Vec<u8>),
    /// A value that the attribute cannot have.
    BadAttributeValue {
        /// The attribute.
        name: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// The distance was named twice.
    DistanceNamedTwice(Vec<u8>, Vec<u8>),
    /// A setting of a vector search that is unknown, doubled, or has a bad value.
    VectorParameter(&'static str),
    /// A part of the nearest vectors that is none.
    BadShardRatio(Vec<u8>),
    /// A vector search for too many.
    TooManyNearest(usize),
    /// A vector search within a distance below zero.
    NegativeRadius(f64),
    /// An empty value, asked of a field that does not index it.
    EmptyValue,
    /// `$phonetic` on fields that are not indexed by sound.
    NotPhonetic,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            QueryError::Syntax { what, offset, near: None } => {
                write!(f, "{what} at offset {offset}")
            }
            QueryError::Syntax { what, offset, near: Some(near) } => {
                write!(f, "{what} at offset {offset} near {}", text(near))
            }
            QueryError::TooDeep => {
                f.write_str("Parser stack overflow. Try moving nested parentheses more to the left")
            }
            QueryError::NoParameter(name) => write!(f, "No such parameter `{}`", text(name)),
            QueryError::DuplicateParameter(name) => {
                write!(f, "Duplicate parameter `{}`", text(name))
            }
            QueryError::ParameterNotNumeric { name, value } => {
                write!(f, "Invalid numeric value ({}) for parameter `{}`", text(value), text(name))
            }
            QueryError::BadRange { upper: false, value } => {
                write!(f, "Bad lower range: {}", text(value))
            }
            QueryError::BadRange { upper: true, value } => {
                write!(f, "Bad upper range: {}", text(value))
            }
            QueryError::EmptyRange { field, min, max } => {
                let field = text(field);
                write!(f, "Invalid numeric range (min > max): @{field}:[{min:.6} {max:.6}]")
            }
            QueryError::BadGeo(what) => write!(f, "Invalid GeoFilter {what}"),
            QueryError::BadAttribute(name) => write!(f, "Invalid attribute {}", text(name)),
            QueryError::BadAttributeValue { name, value } => {
                write!(f, "Invalid value ({}) for `{}`", text(value), text(name))
            }
            QueryError::DistanceNamedTwice(one, other) => write!(
                f,
                "Distance field was specified twice for vector query: {} and {}",
                text(one),
                text(other)
            ),
            QueryError::VectorParameter(what) => {
                write!(f, "Error parsing vector similarity parameters: {what}")
            }
            QueryError::BadShardRatio(value) => match number(value) {
                None => write!(f, "Invalid shard k ratio value '{}'", text(value)),
                Some(ratio) => write!(
                    f,
                    "Invalid shard k ratio value: Shard k ratio must be greater than 0 and at \
                     most 1 (got {})",
                    general(ratio)
                ),
            },
            QueryError::TooManyNearest(limit) => write!(
                f,
                "Error parsing vector similarity query: query KNN K parameter is too large, \
                 must not exceed {limit}"
            ),
            QueryError::NegativeRadius(radius) => write!(
                f,
                "Error parsing vector similarity query: negative radius ({radius}) given in a \
                 range query"
            ),
            QueryError::EmptyValue => f.write_str(
                "Use `INDEXEMPTY` in field creation in order to index and query for empty strings",
            ),
            QueryError::NotPhonetic => f.write_str("field does not support phonetics"),
        }
    }
}

impl std::error::Error for QueryError {}
