//! Shapes as well-known text.

use super::Position;

/// Why a text is no shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeError {
    /// It is not `POINT (…)` or `POLYGON ((…), …)`.
    Syntax,
    /// A line around a polygon needs three corners.
    TooFewCorners,
    /// More corners than a shape may have.
    TooManyCorners,
    /// A position that is not on the globe.
    OffTheGlobe,
}

/// Corners of a shape. Relations take time by the product of two shapes' corners.
const CORNERS_MAX: usize = 10_000;

/// The rings of a shape, closed; a single position for a point.
pub fn parse(text: &[u8]) -> Result<Vec<Vec<Position>>, ShapeError> {
    let text = std::str::from_utf8(text).map_err(|_| ShapeError::Syntax)?.trim();
    let open = text.find('(').ok_or(ShapeError::Syntax)?;
    let inner = text[open..].strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.ok_or(ShapeError::Syntax)?;
    match text[..open].trim().to_ascii_uppercase().as_str() {
        "POINT" => Ok(vec![vec![position(inner)?]]),
        "POLYGON" => polygon(inner),
        _ => Err(ShapeError::Syntax),
    }
}

fn polygon(mut text: &str) -> Result<Vec<Vec<Position>>, ShapeError> {
    let mut rings = Vec::new();
    let mut corners = 0;
    loop {
        text = text.trim_start().strip_prefix('(').ok_or(ShapeError::Syntax)?;
        let close = text.find(')').ok_or(ShapeError::Syntax)?;
        let ring = ring(&text[..close])?;
        corners += ring.len();
        if corners > CORNERS_MAX {
            return Err(ShapeError::TooManyCorners);
        }
        rings.push(ring);
        text = text[close + 1..].trim_start();
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None if text.is_empty() => return Ok(rings),
            None => return Err(ShapeError::Syntax),
        }
    }
}

fn ring(text: &str) -> Result<Vec<Position>, ShapeError> {
    let mut ring = Vec::new();
    for part in text.split(',') {
        ring.push(position(part)?);
        if ring.len() > CORNERS_MAX {
            return Err(ShapeError::TooManyCorners);
        }
    }
    if ring.first() != ring.last() {
        ring.push(ring[0]);
    }
    if ring.len() < 4 { Err(ShapeError::TooFewCorners) } else { Ok(ring) }
}

fn position(text: &str) -> Result<Position, ShapeError> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<f64>);
    let (Some(Ok(x)), Some(Ok(y)), None) = (numbers.next(), numbers.next(), numbers.next()) else {
        return Err(ShapeError::Syntax);
    };
    if x.is_finite() && y.is_finite() { Ok(Position { x, y }) } else { Err(ShapeError::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_shape_is_refused() {
        let bad = [
            "",
            "POINT",
            "POINT()",
            "POINT(1)",
            "POINT(1 2 3)",
            "POINT(1 x)",
            "POINT(1 2",
            "()",
            "LINE(1 2)",
            "POLYGON()",
            "POLYGON((1 1, 2 2, 3 1)",
            "POLYGON((1 1, 2 2, 3 1),)",
            "POLYGON((1 1, 2 2, 3 1)x)",
            "POINT(nan 1)",
            "POINT(inf 1)",
        ];
        for text in bad {
            assert_eq!(parse(text.as_bytes()), Err(ShapeError::Syntax), "{text}");
        }
        assert_eq!(parse(b"POLYGON((1 1, 2 2))"), Err(ShapeError::TooFewCorners));
        let many = format!("POLYGON(({}))", vec!["1 1"; CORNERS_MAX + 1].join(","));
        assert_eq!(parse(many.as_bytes()), Err(ShapeError::TooManyCorners));
    }

    #[test]
    fn shapes_are_read() {
        assert_eq!(parse(b" point ( 1 -2.5e0 ) "), Ok(vec![vec![Position { x: 1.0, y: -2.5 }]]));
        let rings = parse(b"POLYGON((0 0, 1 0, 1 1),(0 0, 1 0, 1 1, 0 0))").unwrap();
        assert_eq!(rings[0], rings[1]);
    }
}
