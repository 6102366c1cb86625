//! Distances between places.

use redpoll_types::geo::Point;

use super::{EvaluationError, Value};

/// `geodistance(place, place)` in metres, where each place is a `"longitude,latitude"` or two
/// numbers.
pub(super) fn distance(values: &[Value]) -> Result<Value, EvaluationError> {
    let places = match values {
        [one, other] => place(one).zip(place(other)),
        [x, y, other] if x.number().is_some() => pair(x, y).zip(place(other)),
        [one, x, y] => place(one).zip(pair(x, y)),
        [x1, y1, x2, y2] => pair(x1, y1).zip(pair(x2, y2)),
        _ => None,
    };
    let metres = places.map_or(f64::NAN, |(one, other)| one.distance(other));
    Ok(Value::Number((metres * 100.0).round() / 100.0))
}

fn place(value: &Value) -> Option<Point> {
    let text = std::str::from_utf8(value.as_text()?).ok()?;
    let (longitude, latitude) = text.split_once([',', ' '])?;
    Some(Point {
        longitude: longitude.trim().parse().ok()?,
        latitude: latitude.trim().parse().ok()?,
    })
}

fn pair(longitude: &Value, latitude: &Value) -> Option<Point> {
    Some(Point { longitude: longitude.number()?, latitude: latitude.number()? })
}
