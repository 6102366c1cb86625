//! The functions of expressions.

mod dates;
mod geo;
mod math;
mod text;

use super::{EvaluationError, Value};

/// A function: its name, how many arguments it takes, what it does.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) run: Implementation,
}

/// What a function does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Implementation {
    /// It makes a value of values.
    Plain(fn(&[Value]) -> Result<Value, EvaluationError>),
    /// It asks whether its argument has a value.
    Exists,
    /// It evaluates one of its arguments only.
    Case,
    /// It asks how the row was found.
    MatchedTerms,
}

/// The function called `name`, in any case.
pub(super) fn named(name: &[u8]) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name.as_bytes().eq_ignore_ascii_case(name))
}

const fn plain(
    name: &'static str,
    min: usize,
    max: usize,
    run: fn(&[Value]) -> Result<Value, EvaluationError>,
) -> Function {
    Function { name, min, max, run: Implementation::Plain(run) }
}

static FUNCTIONS: &[Function] = &[
    plain("abs", 1, 1, math::abs),
    plain("ceil", 1, 1, math::ceil),
    plain("exp", 1, 1, math::exp),
    plain("floor", 1, 1, math::floor),
    plain("log", 1, 1, math::log),
    plain("log2", 1, 1, math::log2),
    plain("sqrt", 1, 1, math::sqrt),
    plain("lower", 1, 1, text::lower),
    plain("upper", 1, 1, text::upper),
    plain("substr", 3, 3, text::substr),
    plain("format", 1, 65_535, text::format),
    plain("split", 1, 3, text::split),
    plain("startswith", 2, 2, text::starts_with),
    plain("contains", 2, 2, text::contains),
    plain("strlen", 1, 1, text::length),
    plain("to_number", 1, 1, text::to_number),
    plain("to_str", 1, 1, text::to_text),
    plain("timefmt", 1, 2, dates::format),
    plain("parsetime", 1, 2, dates::parse),
    plain("minute", 1, 1, dates::minute),
    plain("hour", 1, 1, dates::hour),
    plain("day", 1, 1, dates::day),
    plain("month", 1, 1, dates::month),
    plain("monthofyear", 1, 1, dates::month_of_year),
    plain("year", 1, 1, dates::year),
    plain("dayofmonth", 1, 1, dates::day_of_month),
    plain("dayofweek", 1, 1, dates::day_of_week),
    plain("dayofyear", 1, 1, dates::day_of_year),
    plain("geodistance", 2, 4, geo::distance),
    Function { name: "exists", min: 1, max: 1, run: Implementation::Exists },
    Function { name: "case", min: 3, max: 3, run: Implementation::Case },
    Function { name: "matched_terms", min: 0, max: 1, run: Implementation::MatchedTerms },
];

/// The text of an argument.
fn text_argument<'a>(
    function: &'static str,
    values: &'a [Value],
    argument: usize,
) -> Result<&'a [u8], EvaluationError> {
    let value = &values[argument];
    value.as_text().ok_or_else(|| wrong_type(function, argument, value))
}

/// The number that an argument is.
fn number_argument(
    function: &'static str,
    values: &[Value],
    argument: usize,
) -> Result<f64, EvaluationError> {
    match values[argument] {
        Value::Number(number) => Ok(number),
        ref value => Err(wrong_type(function, argument, value)),
    }
}

fn wrong_type(function: &'static str, argument: usize, value: &Value) -> EvaluationError {
    EvaluationError::WrongType { function, argument, kind: value.kind() }
}
