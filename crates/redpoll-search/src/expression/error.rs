//! What can be wrong with an expression, and with a row that it is evaluated for.

use std::fmt;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpressionError {
    /// It cannot be read on from some place.
    Syntax {
        /// The place, in bytes.
        offset: usize,
        /// What stands there.
        near: Vec<u8>,
    },
    /// Nested too deeply.
    TooDeep,
    /// A function that does not exist.
    UnknownFunction(Vec<u8>),
    /// A word that is no function's name.
    UnknownSymbol(Vec<u8>),
    /// A field that no column holds.
    UnknownField(Vec<u8>),
    /// Too few or too many arguments.
    Arguments {
        /// The function.
        function: &'static str,
        /// The fewest it takes.
        min: usize,
        /// The most it takes.
        max: usize,
        /// How many it was given.
        given: usize,
    },
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            ExpressionError::Syntax { offset, near } => {
                write!(f, "Syntax error at offset {offset} near '{}'", text(near))
            }
            ExpressionError::TooDeep => f.write_str("Expression is nested too deeply"),
            ExpressionError::UnknownFunction(name) => {
                write!(f, "Unknown function name '{}'", text(name))
            }
            ExpressionError::UnknownSymbol(name) => write!(f, "Unknown symbol '{}'", text(name)),
            ExpressionError::UnknownField(name) => {
                write!(f, "Property not loaded nor in pipeline: `{}`", text(name))
            }
            ExpressionError::Arguments { function, min, max, given } if min == max => {
                write!(f, "Function '{function}' expects {min} arguments, but got {given}")
            }
            ExpressionError::Arguments { function, min, max, given } => write!(
                f,
                "Function '{function}' expects between {min} and {max} arguments, but got {given}"
            ),
        }
    }
}

impl std::error::Error for ExpressionError {}

/// Why an expression has no value in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvaluationError {
    /// The row has no value for a field.
    Missing(Box<[u8]>),
    /// A number is needed.
    NotNumeric,
    /// A number is compared with what is none.
    Incomparable,
    /// A text that is no number.
    NoNumber(Vec<u8>),
    /// An argument of the wrong kind.
    WrongType {
        /// The function.
        function: &'static str,
        /// Which argument, from 0.
        argument: usize,
        /// The number that RediSearch has for its kind.
        kind: u8,
    },
    /// A format that is none, or has too few arguments.
    Format(&'static str),
    /// A result that would be too long.
    TooLong,
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            EvaluationError::Missing(name) => write!(
                f,
                "Could not find the value for a parameter name, consider using EXISTS if \
                 applicable for {}",
                text(name)
            ),
            EvaluationError::NotNumeric => f.write_str("Invalid numeric value"),
            EvaluationError::Incomparable => f.write_str("Error converting string"),
            EvaluationError::NoNumber(value) => {
                write!(f, "to_number: cannot convert string '{}'", text(value))
            }
            EvaluationError::WrongType { function, argument, kind } => {
                let check = match (*function, *argument) {
                    ("substr", 1 | 2) => "VALIDATE_ARG__TYPE(v, RSValueType_Number)",
                    ("timefmt", _) => "VALIDATE_ARG__TYPE(v, RSValueType_String)",
                    _ => "VALIDATE_ARG__STRING(v, 0)",
                };
                write!(
                    f,
                    "Invalid type ({kind}) for argument {argument} in function '{function}'. \
                     {check} was false."
                )
            }
            EvaluationError::Format(what) => f.write_str(what),
            EvaluationError::TooLong => f.write_str("Result of the expression is too long"),
        }
    }
}

impl std::error::Error for EvaluationError {}
