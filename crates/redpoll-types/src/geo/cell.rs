//! Cells: rectangles of the map, by the leading bits of the scores of all points in them.

use super::{LATITUDE_MAX, LONGITUDE_MAX, Point};

/// Bits of each coordinate in a score.
pub(super) const STEPS_MAX: u32 = 26;
/// The bits of the longitude; those of the latitude are between.
const LONGITUDE_BITS: u64 = 0xaaaa_aaaa_aaaa_aaaa;
const LATITUDE_BITS: u64 = 0x5555_5555_5555_5555;

/// A cell of a grid that each step makes four times as fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    bits: u64,
    steps: u32,
}

/// The scores of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The lowest.
    pub start: u64,
    /// One above the highest.
    pub end: u64,
}

impl Cell {
    /// The cell of a point.
    pub(super) fn of(point: Point, steps: u32) -> Cell {
        let bits = encode(point, LATITUDE_MAX, steps);
        Cell { bits, steps }
    }

    /// The smallest cell, by its bits.
    pub(super) fn smallest(bits: u64) -> Cell {
        Cell { bits, steps: STEPS_MAX }
    }

    pub(super) fn bits(self) -> u64 {
        self.bits
    }

    /// Whether it is a fourth of the map.
    pub(super) fn is_huge(self) -> bool {
        self.steps < 2
    }

    /// Its west and east side, its south and north side.
    pub(super) fn sides(self) -> ((f64, f64), (f64, f64)) {
        let steps = (1u64 << self.steps) as f64;
        let side = |index: u32, max: f64| -max + (f64::from(index) / steps) * (max - -max);
        let sides = |index: u32, max| (side(index, max), side(index.wrapping_add(1), max));
        let (longitude, latitude) = (gather(self.bits >> 1), gather(self.bits));
        (sides(longitude, LONGITUDE_MAX), sides(latitude, LATITUDE_MAX))
    }

    /// The cell beside, or itself; `east` and `north` are -1, 0 or 1. Behind the map's edge comes
    /// its other side.
    pub(super) fn beside(self, east: i8, north: i8) -> Cell {
        let unused = 64 - 2 * self.steps;
        // The bits of the other coordinate, when all set, carry over to the next bit of this one.
        // On the map's very edge the index is one more than fits; it stays so unless it moves.
        let moved = |all: u64, other: u64, by: i8| {
            let (own, other) = (self.bits & all, other >> unused);
            match by {
                1 => own.wrapping_add(other + 1) & (all >> unused),
                -1 => (own | other).wrapping_sub(other + 1) & (all >> unused),
                _ => own,
            }
        };
        let bits = moved(LONGITUDE_BITS, LATITUDE_BITS, east)
            | moved(LATITUDE_BITS, LONGITUDE_BITS, north);
        Cell { bits, ..self }
    }

    /// The scores of the points in it.
    pub(super) fn interval(self) -> Interval {
        let shift = 2 * (STEPS_MAX - self.steps);
        Interval { start: self.bits << shift, end: (self.bits + 1) << shift }
    }
}

/// The bits of a point on a map that reaches to `latitude_max`.
fn encode(point: Point, latitude_max: f64, steps: u32) -> u64 {
    let scale = (1u64 << steps) as f64;
    let index = |value: f64, max: f64| ((value - -max) / (max - -max) * scale) as u32;
    let latitude = index(point.latitude, latitude_max);
    let longitude = index(point.longitude, LONGITUDE_MAX);
    spread(latitude) | spread(longitude) << 1
}

/// Moves the bits of a number apart, to every second place.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    bits = (bits | bits << 16) & 0x0000_ffff_0000_ffff;
    bits = (bits | bits << 8) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333;
    (bits | bits << 1) & LATITUDE_BITS
}

/// The reverse of [`spread`]: every second bit.
fn gather(bits: u64) -> u32 {
    let mut bits = bits & LATITUDE_BITS;
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
    bits = (bits | bits >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits >> 4) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits >> 8) & 0x0000_ffff_0000_ffff;
    (bits | bits >> 16) as u32
}

/// The eleven letters that the world calls a geohash: those of a map that reaches to the poles. 52
/// bits give ten letters; the last is 0.
pub fn geohash(point: Point) -> [u8; 11] {
    const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let bits = encode(point, 90.0, STEPS_MAX);
    let mut text = [LETTERS[0]; 11];
    for (at, letter) in text.iter_mut().take(10).enumerate() {
        *letter = LETTERS[(bits >> (47 - 5 * at)) as usize & 31];
    }
    text
}
