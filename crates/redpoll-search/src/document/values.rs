//! Values of fields, from their text.

use super::{DocumentError, Value};
use crate::analysis::lower_case;
use crate::query::FieldId;
use crate::schema::{ColumnKind, CoordinateSystem, FieldKind, Schema, VectorField};
use crate::shape::Shape;
use crate::vector::Vector;
use redpoll_types::geo::Point;
use std::sync::Arc;

/// The columns' values of a document whose values by field are these.
pub fn columns(schema: &Schema, values: &[Option<&[u8]>]) -> Result<Box<[Value]>, DocumentError> {
    let one = |column: &crate::schema::Column| {
        let Some(field) = schema.get(column.field) else { return Ok(Value::None) };
        let Some(value) = values[usize::from(column.field.0)] else { return Ok(Value::None) };
        match column.kind {
            ColumnKind::Text if field.sortable.is_some_and(|sortable| sortable.unnormalized) => {
                Ok(Value::Text(value.into()))
            }
            ColumnKind::Text => Ok(Value::Text(lower_case(value).into())),
            ColumnKind::Number if field.kind == FieldKind::Geo => geo(column.field, value),
            ColumnKind::Number => number(column.field, value),
        }
    };
    schema.columns().iter().map(one).collect()
}

fn number(field: FieldId, value: &[u8]) -> Result<Value, DocumentError> {
    match parse_number(value) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(DocumentError::Number(field, value.to_vec())),
    }
}

/// A number, as documents hold them. Not NaN.
pub fn parse_number(value: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    (!number.is_nan()).then_some(number)
}

fn geo(field: FieldId, value: &[u8]) -> Result<Value, DocumentError> {
    match parse_point(value) {
        Some(point) => Ok(Value::Number(point.score())),
        None => Err(DocumentError::Geo(field, value.to_vec())),
    }
}

/// Longitude and latitude, between them a comma or a space.
fn parse_point(value: &[u8]) -> Option<Point> {
    let at = value.iter().position(|byte| matches!(byte, b',' | b' '))?;
    let longitude = parse_number(&value[..at])?;
    let latitude = parse_number(value[at + 1..].trim_ascii())?;
    Point::new(longitude, latitude)
}

/// A shape.
pub fn shape(
    field: FieldId,
    value: &[u8],
    system: CoordinateSystem,
) -> Result<Arc<Shape>, DocumentError> {
    match Shape::parse(value, system) {
        Ok(shape) => Ok(Arc::new(shape)),
        Err(_) => Err(DocumentError::Shape(field, value.to_vec())),
    }
}

/// A vector.
pub fn vector(
    field: FieldId,
    value: &[u8],
    options: &VectorField,
) -> Result<Vector, DocumentError> {
    Vector::from_bytes(value, options).ok_or(DocumentError::VectorSize {
        field,
        bytes: value.len(),
        expected: options.dimensions * options.element.bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read() {
        assert_eq!(parse_point(b"1.5,2"), Point::new(1.5, 2.0));
        assert_eq!(parse_point(b"-1.5, 2"), Point::new(-1.5, 2.0));
        for bad in ["", "1", "1,", ",1", "1,x", "200,1", "1,90", "nan,1"] {
            assert_eq!(parse_point(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse_number(b"nan"), None);
        assert_eq!(parse_number(b"-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_number(b"1e3"), Some(1000.0));
    }
}
