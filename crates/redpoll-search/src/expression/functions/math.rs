//! Functions of numbers. What is no number becomes NaN.

use super::{EvaluationError, Value};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident $method:ident;)*) => {
        $(
            $(#[$doc])*
            pub(super) fn $name(values: &[Value]) -> Result<Value, EvaluationError> {
                Ok(Value::Number(values[0].number().map_or(f64::NAN, f64::$method)))
            }
        )*
    };
}

functions! {
    abs abs;
    ceil ceil;
    exp exp;
    floor floor;
    /// The natural logarithm.
    log ln;
    log2 log2;
    sqrt sqrt;
}
