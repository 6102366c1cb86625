//! What can be wrong with an aggregation.

use std::fmt;

use crate::expression::{EvaluationError, ExpressionError};

/// Why an aggregation was refused, or ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AggregateError {
    /// A field of GROUPBY that there is not.
    NoGroupField(Vec<u8>),
    /// A field of SORTBY that there is not.
    NoSortField(Vec<u8>),
    /// A reducer's field that there is not.
    NoReducerField(Vec<u8>),
    /// A name that two fields of a grouping have.
    NamedTwice(Vec<u8>),
    /// LOAD after rows have been grouped.
    LoadTooLate,
    /// A reducer that there is not.
    NoReducer(Vec<u8>),
    /// A reducer's argument that is missing or bad.
    ReducerArgument {
        /// The reducer.
        reducer: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// A mistake in a reducer's arguments that is told without the reducer's name.
    Reducer(&'static str),
    /// A number in a reducer's LIMIT that is too large.
    OverLimit {
        /// Which one.
        what: &'static str,
        /// The largest that may be.
        most: usize,
    },
    /// An argument too many.
    UnknownArgument {
        /// The argument.
        argument: Vec<u8>,
        /// Its place among the arguments.
        position: usize,
        /// The reducer.
        reducer: &'static str,
    },
    /// More groups than there may be.
    TooManyGroups(usize),
    /// A bad expression.
    Expression(ExpressionError),
    /// A row that an expression has no value for.
    Evaluation(EvaluationError),
}

impl fmt::Display for AggregateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            AggregateError::NoGroupField(name) => write!(f, "No such property `{}`", text(name)),
            AggregateError::NoSortField(name) => {
                write!(f, "Property `{}` not loaded nor in schema", text(name))
            }
            AggregateError::NoReducerField(name) => {
                write!(f, "Property not loaded nor in pipeline: `{}`", text(name))
            }
            AggregateError::NamedTwice(name) => {
                write!(f, "Property `{}` specified more than once", text(name))
            }
            AggregateError::LoadTooLate => {
                f.write_str("LOAD cannot be applied after projectors or reducers")
            }
            AggregateError::NoReducer(name) => write!(f, "No such reducer: {}", text(name)),
            AggregateError::ReducerArgument { reducer, what } => {
                write!(f, "Bad arguments for {reducer}: {what}")
            }
            AggregateError::Reducer(what) => f.write_str(what),
            AggregateError::OverLimit { what, most } => {
                write!(f, "LIMIT {what} exceeds maximum of {most}")
            }
            AggregateError::UnknownArgument { argument, position, reducer } => write!(
                f,
                "Unknown argument `{}` at position {position} for {reducer}",
                text(argument)
            ),
            AggregateError::TooManyGroups(limit) => {
                write!(f, "Aggregate GROUPBY exceeded MAX_AGGREGATE_GROUPS limit of {limit} groups")
            }
            AggregateError::Expression(error) => error.fmt(f),
            AggregateError::Evaluation(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AggregateError {}

impl From<ExpressionError> for AggregateError {
    fn from(error: ExpressionError) -> Self {
        AggregateError::Expression(error)
    }
}

impl From<EvaluationError> for AggregateError {
    fn from(error: EvaluationError) -> Self {
        AggregateError::Evaluation(error)
    }
}
