//! Places on the earth: positions as scores of a sorted set, distances, and areas to search.
//!
//! A position is one number: longitude and latitude are cut into 2^26 steps each and their bits
//! interleaved, 52 bits, which a score holds exactly. Places that share their leading bits lie in
//! one cell, so that a cell is an interval of scores. An area is searched in nine cells that cover
//! it: that of its centre and the eight around.
//!
//! All operations on numbers are Redis's and in its order, so that scores, positions and distances
//! are the same to the last digit.
//!
//! `cell` has the cells, `shape` the areas, `text` numbers as replies have them.

mod cell;
mod shape;
#[cfg(test)]
mod tests;
mod text;

pub use cell::{Interval, geohash};
pub use shape::{Form, Shape};
pub use text::{coordinate, distance_text};

use cell::Cell;
use std::f64::consts::PI;

/// The highest longitude.
pub const LONGITUDE_MAX: f64 = 180.0;
/// The highest latitude: that of the square Mercator map.
pub const LATITUDE_MAX: f64 = 85.051_128_78;

/// The radius of the earth in meters.
const EARTH_RADIUS: f64 = 6_372_797.560_856;
const RADIANS: f64 = PI / 180.0;

/// A position in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// East of Greenwich.
    pub longitude: f64,
    /// North of the equator.
    pub latitude: f64,
}

impl Point {
    /// The point, if it is on the map.
    pub fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let on_map = (-LONGITUDE_MAX..=LONGITUDE_MAX).contains(&longitude)
            && (-LATITUDE_MAX..=LATITUDE_MAX).contains(&latitude);
        on_map.then_some(Point { longitude, latitude })
    }

    /// The score that stands for the point.
    pub fn score(self) -> f64 {
        Cell::of(self, cell::STEPS_MAX).bits() as f64
    }

    /// The point that a score stands for: the middle of its smallest cell. Any score stands for
    /// one.
    pub fn from_score(score: f64) -> Self {
        // Scores that ZADD has made may be anything; a negative one has its two's complement.
        let (west_east, south_north) = Cell::smallest(score as i64 as u64).sides();
        let middle = |(low, high): (f64, f64)| (low + high) / 2.0;
        Point {
            longitude: middle(west_east).clamp(-LONGITUDE_MAX, LONGITUDE_MAX),
            latitude: middle(south_north).clamp(-LATITUDE_MAX, LATITUDE_MAX),
        }
    }

    /// The great-circle distance in meters, by the haversine formula.
    pub fn distance(self, other: Point) -> f64 {
        let v = ((other.longitude * RADIANS - self.longitude * RADIANS) / 2.0).sin();
        if v == 0.0 {
            return self.latitude_distance(other);
        }
        let (own, others) = (self.latitude * RADIANS, other.latitude * RADIANS);
        let u = ((others - own) / 2.0).sin();
        // Rounding may lift the sum above 1 for opposite points.
        let a = (u * u + own.cos() * others.cos() * v * v).min(1.0);
        2.0 * EARTH_RADIUS * a.sqrt().asin()
    }

    /// The distance in meters between the latitudes.
    fn latitude_distance(self, other: Point) -> f64 {
        EARTH_RADIUS * (other.latitude * RADIANS - self.latitude * RADIANS).abs()
    }
}
