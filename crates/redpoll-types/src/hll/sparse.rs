//! The sparse form: runs of equal registers.
//!
//! ```text
//! 00llllll            l+1 registers are 0                    "z"
//! 01llllll llllllll   l+1 registers are 0                    "Z"
//! 1vvvvvll            l+1 registers have the value v+1       "v"
//! ```
//!
//! A change replaces one run by up to three and then joins neighbours of the same value. Which runs
//! result is visible (in GET and DUMP), so the rules are Redis's.

use super::{HEADER, Invalid, REGISTERS};
use std::fmt;

/// The highest value that a run can have.
const VALUE_MAX: u8 = 32;
/// The longest run with a value.
const VALUES_MAX: usize = 4;
/// The longest run of zeros in one byte.
const SHORT_MAX: usize = 64;
/// Runs that are looked at for joining.
const JOIN_RUNS: usize = 5;

/// A run of equal registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Zeros in one byte.
    Short(usize),
    /// Zeros in two bytes.
    Long(usize),
    /// A value, and how often.
    Value(u8, usize),
}

impl Run {
    /// The first run of `data`, if it is whole.
    #[inline(always)]
    fn read(data: &[u8]) -> Option<Run> {
        let &byte = data.first()?;
        Some(match byte {
            0x80.. => Run::Value((byte >> 2 & 31) + 1, usize::from(byte & 3) + 1),
            0x40.. => Run::Long((usize::from(byte & 63) << 8 | usize::from(*data.get(1)?)) + 1),
            _ => Run::Short(usize::from(byte) + 1),
        })
    }

    /// Its value and length.
    #[inline(always)]
    pub(super) fn parts(self) -> (u8, usize) {
        match self {
            Run::Short(len) | Run::Long(len) => (0, len),
            Run::Value(value, len) => (value, len),
        }
    }

    fn bytes(self) -> usize {
        if let Run::Long(_) = self { 2 } else { 1 }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Run::Short(len) => write!(f, "z:{len}"),
            Run::Long(len) => write!(f, "Z:{len}"),
            Run::Value(value, len) => write!(f, "v:{value},{len}"),
        }
    }
}

/// The runs of a sparse string's data; ends with an error if the last one is cut off.
pub(super) struct Runs<'a>(&'a [u8]);

impl<'a> Runs<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Runs(data)
    }
}

impl Iterator for Runs<'_> {
    type Item = Result<Run, Invalid>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let run = Run::read(self.0);
        self.0 = &self.0[run.map_or(self.0.len(), Run::bytes)..];
        Some(run.ok_or(Invalid::Corrupt))
    }
}

/// Refuses runs that are not all registers together.
pub(super) fn check_total(registers: usize) -> Result<(), Invalid> {
    if registers == REGISTERS { Ok(()) } else { Err(Invalid::Corrupt) }
}

/// Appends a run of zeros.
pub(super) fn push_zeros(bytes: &mut Vec<u8>, len: usize) {
    let mut runs = New::default();
    runs.zeros(len);
    bytes.extend_from_slice(runs.bytes());
}

/// The few runs that replace one.
#[derive(Default)]
struct New {
    bytes: [u8; 5],
    len: usize,
}

impl New {
    fn push(&mut self, byte: usize) {
        self.bytes[self.len] = byte as u8;
        self.len += 1;
    }

    /// Any number of zeros, none included.
    fn zeros(&mut self, len: usize) {
        match len {
            0 => {}
            1..=SHORT_MAX => self.push(len - 1),
            _ => {
                self.push(0x40 | (len - 1) >> 8);
                self.push((len - 1) & 0xff);
            }
        }
    }

    /// Any number of registers of one value, none included.
    fn values(&mut self, value: u8, len: usize) {
        if len > 0 {
            self.push(usize::from(value_run(value, len)));
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn value_run(value: u8, len: usize) -> u8 {
    0x80 | (value - 1) << 2 | (len - 1) as u8
}

/// A place where a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    at: usize,
    /// The first register of the run.
    first: usize,
}

impl Cursor {
    /// Before all runs.
    pub(super) const START: Cursor = Cursor { at: HEADER, first: 0 };
}

/// What became of a register that was to be raised.
pub(super) enum Raised {
    /// It was as high already.
    Not,
    /// It has the value now.
    Done,
    /// The sparse form cannot hold the value, or would become too large; nothing has changed.
    TooLarge,
}

/// The run of a register, and the two before.
struct Found {
    run: Run,
    place: Cursor,
    before: Option<Cursor>,
    before_that: Option<Cursor>,
}

/// Finds the run of a register. The runs before it are told if they are behind `from`.
#[inline]
fn search(bytes: &[u8], from: Cursor, register: usize) -> Result<Found, Invalid> {
    let (mut place, mut before, mut before_that) = (skip(bytes, from, register), None, None);
    loop {
        let rest = bytes.get(place.at..).unwrap_or_default();
        let run = Run::read(rest).ok_or(Invalid::Corrupt)?;
        let end = place.first + run.parts().1;
        if register < end {
            return Ok(Found { run, place, before, before_that });
        }
        (before_that, before) = (before, Some(place));
        place = Cursor { at: place.at + run.bytes(), first: end };
    }
}

/// Goes from `from` on towards the run of a register, eight bytes at a time, which is what adding
/// to a large sparse string takes longest for. Stops at least two runs before it, or at `from`.
fn skip(bytes: &[u8], from: Cursor, register: usize) -> Cursor {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (mut place, mut before, mut before_that) = (from, from, from);
    while let Some(eight) = bytes.get(place.at..place.at + 8) {
        let word = u64::from_le_bytes(eight.try_into().unwrap_or_default());
        // Runs of one byte, up to the first of two: how many, and their lengths less one.
        let valued = word & HIGH;
        let long = word << 1 & HIGH & !valued;
        let short = long.trailing_zeros() / 8;
        let lengths = word & 0x3f3f_3f3f_3f3f_3f3f & !((valued >> 7) * 0x3c);
        let counted = if short == 8 { lengths } else { lengths & ((1 << (8 * short)) - 1) };
        let pairs = (counted & 0x00ff_00ff_00ff_00ff) + (counted >> 8 & 0x00ff_00ff_00ff_00ff);
        let sum = (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as usize + short as usize;
        let mut next = Cursor { at: place.at + short as usize, first: place.first + sum };
        if short < 8 && next.first <= register {
            let Some(run) = bytes.get(next.at..).and_then(Run::read) else { break };
            next = Cursor { at: next.at + 2, first: next.first + run.parts().1 };
        }
        if next.first > register {
            break;
        }
        (before_that, before, place) = (before, place, next);
    }
    before_that
}

/// Raises a register to a value if it is lower. `cursor` is where to search from: the start, or
/// where an earlier call for a lower register has left it.
pub(super) fn raise(
    bytes: &mut Vec<u8>,
    cursor: &mut Cursor,
    register: usize,
    value: u8,
    size_max: usize,
) -> Result<Raised, Invalid> {
    if value > VALUE_MAX {
        return Ok(Raised::TooLarge);
    }
    let mut found = search(bytes, *cursor, register)?;
    if found.before.is_none() && *cursor != Cursor::START {
        // The run before is needed, too: for joining.
        found = search(bytes, Cursor::START, register)?;
        *cursor = Cursor::START;
    }
    let Found { run, place, before, before_that } = found;
    if let Some(before_that) = before_that {
        *cursor = before_that;
    }
    let (old_value, len) = run.parts();
    if old_value >= value {
        return Ok(Raised::Not);
    }
    let mut new = New::default();
    let (left, right) = (register - place.first, place.first + len - register - 1);
    match old_value {
        0 => {
            new.zeros(left);
            new.values(value, 1);
            new.zeros(right);
        }
        _ => {
            new.values(old_value, left);
            new.values(value, 1);
            new.values(old_value, right);
        }
    }
    let (old_len, new_len) = (run.bytes(), new.bytes().len());
    if new_len > old_len && bytes.len() + new_len - old_len > size_max {
        return Ok(Raised::TooLarge);
    }
    replace(bytes, place.at, old_len, new.bytes());
    join(bytes, before.map_or(HEADER, |before| before.at));
    Ok(Raised::Done)
}

/// Puts `new` in place of `old_len` bytes at `at`.
fn replace(bytes: &mut Vec<u8>, at: usize, old_len: usize, new: &[u8]) {
    let end = bytes.len();
    let moved = at + old_len;
    if new.len() > old_len {
        bytes.resize(end + new.len() - old_len, 0);
    }
    bytes.copy_within(moved..end, at + new.len());
    bytes.truncate(end + new.len() - old_len);
    bytes[at..at + new.len()].copy_from_slice(new);
}

/// Joins neighbours of the same value among the runs from `at` on.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_RUNS {
        let Some(run) = Run::read(bytes.get(at..).unwrap_or_default()) else { return };
        let next = at + run.bytes();
        if let Run::Value(value, len) = run
            && let Some(Run::Value(other, more)) = bytes.get(next..).and_then(Run::read)
            && value == other
            && len + more <= VALUES_MAX
        {
            bytes[at] = value_run(value, len + more);
            bytes.remove(next);
            continue;
        }
        at = next;
    }
}
