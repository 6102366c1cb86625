//! Shapes: points and polygons with holes, and how two of them stand to each other.
//!
//! All is decided on a plane. On the globe, whose lines are great circles, the sides of a polygon
//! are cut into pieces so short that a straight line between longitude and latitude is close to the
//! circle.

mod relate;
mod text;

pub use text::ShapeError;

use crate::query::ShapePredicate;
use crate::schema::CoordinateSystem;

/// A position: longitude and latitude in degrees, or anything on a plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub x: f64,
    pub y: f64,
}

/// A rectangle that something lies in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub min: Position,
    pub max: Position,
}

impl Bounds {
    /// Whether the two share a point.
    pub fn meet(&self, other: &Bounds) -> bool {
        self.min.x <= other.max.x
            && other.min.x <= self.max.x
            && self.min.y <= other.max.y
            && other.min.y <= self.max.y
    }
}

/// A point or a polygon.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The line around a polygon, then those around its holes, each closed. One of a single
    /// position for a point.
    rings: Vec<Vec<Position>>,
    bounds: Bounds,
}

impl Shape {
    /// A shape from well-known text: `POINT (x y)` or `POLYGON ((x y, …), …)`.
    pub fn parse(text: &[u8], system: CoordinateSystem) -> Result<Self, ShapeError> {
        let mut rings = text::parse(text)?;
        if system == CoordinateSystem::Spherical {
            let on_globe = |p: &Position| p.x.abs() <= 180.0 && p.y.abs() <= 90.0;
            if !rings.iter().flatten().all(on_globe) {
                return Err(ShapeError::OffTheGlobe);
            }
            rings.iter_mut().for_each(|ring| *ring = along_great_circles(ring));
        }
        let mut bounds = Bounds { min: rings[0][0], max: rings[0][0] };
        for position in rings.iter().flatten() {
            bounds.min.x = bounds.min.x.min(position.x);
            bounds.min.y = bounds.min.y.min(position.y);
            bounds.max.x = bounds.max.x.max(position.x);
            bounds.max.y = bounds.max.y.max(position.y);
        }
        Ok(Shape { rings, bounds })
    }

    /// The rectangle that it lies in.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Whether it stands so to `other`.
    pub fn is(&self, predicate: ShapePredicate, other: &Shape) -> bool {
        match predicate {
            ShapePredicate::Within => self.is_within(other),
            ShapePredicate::Contains => other.is_within(self),
            ShapePredicate::Intersects => self.intersects(other),
            ShapePredicate::Disjoint => !self.intersects(other),
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let rings = self.rings.iter().map(|ring| ring.len() * size_of::<Position>() + 24);
        rings.sum::<usize>() + size_of::<Shape>()
    }

    fn is_point(&self) -> bool {
        self.rings[0].len() == 1
    }
}

/// Degrees of the longest piece of a side.
const PIECE: f64 = 0.5;

/// The ring with positions put between those that are far apart.
fn along_great_circles(ring: &[Position]) -> Vec<Position> {
    let mut out = Vec::with_capacity(ring.len());
    for pair in ring.windows(2) {
        out.push(pair[0]);
        let (from, to) = (on_sphere(pair[0]), on_sphere(pair[1]));
        let cosine = from.iter().zip(to).map(|(a, b)| a * b).sum::<f64>().clamp(-1.0, 1.0);
        let angle = cosine.acos();
        let pieces = (angle.to_degrees() / PIECE).ceil() as usize;
        for piece in 1..pieces {
            let part = piece as f64 / pieces as f64;
            let (a, b) = (((1.0 - part) * angle).sin(), (part * angle).sin());
            let sum = [0, 1, 2].map(|axis| a * from[axis] + b * to[axis]);
            let flat = (sum[0] * sum[0] + sum[1] * sum[1]).sqrt();
            let (x, y) = (sum[1].atan2(sum[0]).to_degrees(), sum[2].atan2(flat).to_degrees());
            out.push(Position { x, y });
        }
    }
    out.extend(ring.last());
    out
}

fn on_sphere(position: Position) -> [f64; 3] {
    let (longitude, latitude) = (position.x.to_radians(), position.y.to_radians());
    let flat = latitude.cos();
    [flat * longitude.cos(), flat * longitude.sin(), latitude.sin()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Shape {
        Shape::parse(text.as_bytes(), CoordinateSystem::Flat).unwrap()
    }

    fn square(low: f64, high: f64) -> Shape {
        flat(&format!(
            "POLYGON(({low} {low}, {low} {high}, {high} {high}, {high} {low}, {low} {low}))"
        ))
    }

    #[test]
    fn squares_stand_to_each_other() {
        use ShapePredicate::{Contains, Disjoint, Intersects, Within};
        let cases = [
            (square(1.0, 2.0), square(0.0, 3.0), true, false, true),
            (square(0.0, 3.0), square(1.0, 2.0), false, true, true),
            (square(0.0, 2.0), square(1.0, 3.0), false, false, true),
            (square(0.0, 1.0), square(2.0, 3.0), false, false, false),
            (square(0.0, 1.0), square(1.0, 2.0), false, false, true),
            (square(0.0, 1.0), square(0.0, 1.0), true, true, true),
            (square(0.0, 1.0), square(0.0, 2.0), true, false, true),
            (flat("POINT(1 1)"), square(0.0, 2.0), true, false, true),
            (flat("POINT(0 1)"), square(0.0, 2.0), false, false, true),
            (flat("POINT(5 1)"), square(0.0, 2.0), false, false, false),
            (flat("POINT(1 1)"), flat("POINT(1 1)"), true, true, true),
            (flat("POINT(1 1)"), flat("POINT(1 2)"), false, false, false),
        ];
        for (a, b, within, contains, intersects) in cases {
            assert_eq!(a.is(Within, &b), within, "{a:?} within {b:?}");
            assert_eq!(a.is(Contains, &b), contains, "{a:?} contains {b:?}");
            assert_eq!(a.is(Intersects, &b), intersects, "{a:?} intersects {b:?}");
            assert_eq!(a.is(Disjoint, &b), !intersects, "{a:?} disjoint {b:?}");
        }
    }

    #[test]
    fn holes_are_outside() {
        let ring = flat("POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (3 3, 6 3, 6 6, 3 6, 3 3))");
        assert!(!flat("POINT(4 4)").is(ShapePredicate::Intersects, &ring));
        assert!(flat("POINT(1 1)").is(ShapePredicate::Within, &ring));
        assert!(!square(4.0, 5.0).is(ShapePredicate::Intersects, &ring));
        assert!(square(1.0, 2.0).is(ShapePredicate::Within, &ring));
        assert!(!square(1.0, 8.0).is(ShapePredicate::Within, &ring));
        assert!(!square(3.0, 6.0).is(ShapePredicate::Within, &ring), "fills the hole");
        assert!(ring.is(ShapePredicate::Within, &square(0.0, 9.0)));
    }

    #[test]
    fn a_side_on_the_globe_is_a_great_circle() {
        let text = b"POLYGON((0 50, 90 50, 90 0, 0 0, 0 50))";
        let globe = Shape::parse(text, CoordinateSystem::Spherical).unwrap();
        let point =
            |text: &str| Shape::parse(text.as_bytes(), CoordinateSystem::Spherical).unwrap();
        assert!(point("POINT(45 55)").is(ShapePredicate::Within, &globe));
        let plane = flat("POLYGON((0 50, 90 50, 90 0, 0 0, 0 50))");
        assert!(!flat("POINT(45 55)").is(ShapePredicate::Within, &plane));
        let off = Shape::parse(b"POINT(181 0)", CoordinateSystem::Spherical);
        assert_eq!(off, Err(ShapeError::OffTheGlobe));
    }
}
