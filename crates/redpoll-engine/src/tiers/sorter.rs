//! How hot a value must be for DRAM, and how fast heat fades: what the policy `tiered` computes.
//!
//! Pure: what the walk has met and what uses have found goes in, two lines and a pace come out.
//!
//! - **The lines.** What the walk has met of late is a sample of all values: their bytes by heat
//!   and tier. DRAM ends at the level of heat where the hottest no longer fit. Far values above
//!   the upper line come up, values in DRAM below the lower one may go. Between the lines nothing
//!   moves: heat is an estimate, and copying a value costs more than some uses of far memory do;
//!   with a sharp line, those on it would change places for ever.
//! - **The pace.** A half-life is short at first, so that what is hot is found soon, and grows as
//!   long as the same values stay hot: the longer uses are counted, the better values on the edge
//!   are told apart, and the fewer cross a line by chance. The gap between the lines grows with it,
//!   for the less there is to gain.
//! - **A change.** When suddenly many more uses find their value in far memory than has been usual,
//!   others are hot now. What was learnt loses weight, and the half-life is short again.

use redpoll_keyspace::heat::{HALF_LIFE, LEVELS, LEVELS_A_DOUBLING};
use redpoll_keyspace::tiering::Seen;

/// Keys that the walk has met are kept in mind until as many again have been met.
const WINDOW: u64 = 32 << 10;
/// The shortest and the longest half-life, in uses a value.
const SHORTEST: f64 = 2.0;
const LONGEST: f64 = 8.0;
/// The half-life as a part of the uses since the last change.
const GROWTH: f64 = 0.5;
/// The gap between the lines in doublings: at first, growing by use a value, and at most.
const GAP: f64 = 0.5;
const GAP_GROWTH: f64 = 0.15;
const GAP_MAX: f64 = 1.5;
/// Uses that make a sample of how many find their value far.
const SAMPLE: u64 = 1000;
/// The weight of the newest sample in what is so of late, and in what is usual.
const LATE: f64 = 0.3;
const USUAL: f64 = 0.02;
/// There is a change if the part of far uses exceeds the usual one by a quarter of it and this.
const CHANGE: f64 = 0.03;
/// Half-lives by which what was learnt before a change is aged.
const AGED: u16 = 3;

/// The levels of heat at which values change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// Values in DRAM up to this level may go.
    pub down: u8,
    /// Far values from this level on come up.
    pub up: u8,
}

/// See the module's head.
#[derive(Debug)]
pub(super) struct Sorter {
    /// What the walk has met of late.
    recent: Seen,
    /// What the last whole round has met, if there are few keys.
    round: Option<Seen>,
    /// Uses a value since the last change.
    age: f64,
    /// The part of uses that find their value far: of late and usually.
    late: f64,
    usual: f64,
    /// Uses that make no sample yet: all and far ones.
    unsampled: (u64, u64),
    /// What the clock of heat has gathered of a step.
    carried: f64,
}

impl Default for Sorter {
    fn default() -> Self {
        Sorter {
            recent: Seen::default(),
            round: None,
            age: 0.0,
            late: 1.0,
            usual: 1.0,
            unsampled: (0, 0),
            carried: 0.0,
        }
    }
}

impl Sorter {
    /// Takes in what the walk has met since the last time.
    pub fn note(&mut self, met: &Seen) {
        let recent = &mut self.recent;
        let levels = recent.near.iter_mut().zip(&met.near);
        for (sum, more) in levels.chain(recent.far.iter_mut().zip(&met.far)) {
            *sum += more;
        }
        recent.values += met.values;
        recent.keys += met.keys;
        while recent.keys >= 2 * WINDOW {
            let counts = [&mut recent.values, &mut recent.keys];
            let bytes = recent.near.iter_mut().chain(&mut recent.far);
            bytes.chain(counts).for_each(|count| *count /= 2);
        }
    }

    /// A round of the walk is over. If all keys have been met in it and are few, each counts once:
    /// a sample would not do where one value is as large as all others together.
    pub fn end_round(&mut self) {
        let is_small = self.recent.keys < WINDOW;
        self.round = is_small.then(|| std::mem::take(&mut self.recent));
    }

    /// What stands for all keys.
    fn sample(&self) -> &Seen {
        match &self.round {
            Some(round) if self.recent.keys < WINDOW => round,
            _ => &self.recent,
        }
    }

    /// How many of so many keys hold a value of their own, about.
    pub fn values(&self, keys: usize) -> f64 {
        self.sample().values as f64 * self.scale(keys)
    }

    /// Bytes of such values in DRAM, about.
    pub fn near_bytes(&self, keys: usize) -> f64 {
        self.sample().near.iter().sum::<u64>() as f64 * self.scale(keys)
    }

    /// The part of the bytes that lies in far memory and belongs into DRAM.
    pub fn misplaced(&self, lines: Lines) -> f64 {
        let far: u64 = self.sample().far.iter().skip(lines.up.into()).sum();
        let all: u64 = self.sample().near.iter().chain(&self.sample().far).sum();
        far as f64 / all.max(1) as f64
    }

    /// What one key that was met stands for.
    fn scale(&self, keys: usize) -> f64 {
        keys as f64 / self.sample().keys.max(1) as f64
    }

    /// The lines, if values of so many bytes may lie in DRAM of so many keys.
    pub fn lines(&self, keys: usize, room: f64) -> Lines {
        let end = self.end(room / self.scale(keys).max(f64::MIN_POSITIVE));
        let gap = (GAP + self.age * GAP_GROWTH).min(GAP_MAX) * LEVELS_A_DOUBLING as f64;
        let half = gap.round() as usize / 2;
        let up = (end + 1 + half).min(LEVELS - 1);
        Lines { down: end.saturating_sub(half) as u8, up: up as u8 }
    }

    /// The level of heat that does not fit into DRAM any more as a whole, or the lowest.
    fn end(&self, room: f64) -> usize {
        let (sample, mut taken) = (self.sample(), 0.0);
        for level in (0..LEVELS).rev() {
            taken += (sample.near[level] + sample.far[level]) as f64;
            if taken > room {
                return level;
            }
        }
        0
    }

    /// Takes in that so many uses, of which so many were far, have been made of so many values;
    /// answers by how many steps the clock of heat is to be moved on.
    pub fn pass(&mut self, uses: u64, far: u64, values: f64) -> u16 {
        let part = uses as f64 / values.max(1.0);
        let half_life = (self.age * GROWTH).clamp(SHORTEST, LONGEST);
        self.age += part;
        self.carried += part / half_life * f64::from(HALF_LIFE);
        let mut steps = (self.carried as u64).min(u64::from(AGED * HALF_LIFE)) as u16;
        self.carried = self.carried.fract();
        self.unsampled = (self.unsampled.0 + uses, self.unsampled.1 + far);
        if self.unsampled.0 >= SAMPLE {
            let part = self.unsampled.1 as f64 / self.unsampled.0 as f64;
            self.unsampled = (0, 0);
            self.late += (part - self.late) * LATE;
            self.usual += (part - self.usual) * USUAL;
            if self.late > self.usual * 1.25 + CHANGE {
                if self.age > 1.0 {
                    steps += AGED * HALF_LIFE;
                }
                (self.age, self.usual) = (0.0, self.late);
            }
        }
        steps
    }
}

#[cfg(test)]
mod simulation;

#[cfg(test)]
mod tests {
    use super::*;

    fn sorter(near: &[(usize, u64)], far: &[(usize, u64)]) -> Sorter {
        let mut seen = Seen { values: 100, keys: 200, ..Seen::default() };
        near.iter().for_each(|&(level, bytes)| seen.near[level] = bytes);
        far.iter().for_each(|&(level, bytes)| seen.far[level] = bytes);
        let mut sorter = Sorter::default();
        sorter.note(&seen);
        sorter
    }

    #[test]
    fn dram_ends_where_the_hottest_values_no_longer_fit() {
        let sorter = sorter(&[(0, 500), (30, 100)], &[(0, 1000), (30, 100), (90, 50)]);
        for (room, level) in [(0, 90), (49, 90), (50, 30), (249, 30), (250, 0), (5000, 0)] {
            assert_eq!(sorter.end(f64::from(room)), level, "{room}");
        }
        assert_eq!(sorter.lines(200, 249.0), Lines { down: 28, up: 33 });
        assert_eq!(sorter.lines(400, 498.0), Lines { down: 28, up: 33 }, "a sample of half");
        assert_eq!(sorter.lines(200, 0.0).up, 93);
        assert_eq!(Sorter::default().lines(0, 0.0), Lines { down: 0, up: 3 });
    }

    #[test]
    fn what_was_met_is_scaled_to_all_keys_and_forgotten() {
        let mut sorter = sorter(&[(3, 500)], &[]);
        assert_eq!((sorter.values(400), sorter.near_bytes(400)), (200.0, 1000.0));
        sorter.end_round();
        assert_eq!(sorter.near_bytes(400), 1000.0, "few keys: the last round stands for all");
        let cold = Seen { values: 10_000, keys: 10_000, ..Seen::default() };
        (0..200).for_each(|_| sorter.note(&cold));
        assert!(sorter.near_bytes(1000) < 1.0);
    }

    #[test]
    fn the_clock_goes_slower_as_long_as_nothing_changes_and_leaps_at_a_change() {
        let mut sorter = Sorter::default();
        let first = sorter.pass(1000, 100, 1000.0);
        assert_eq!(first, HALF_LIFE / 2);
        for _ in 0..200 {
            sorter.pass(1000, 100, 1000.0);
        }
        assert_eq!(sorter.pass(1000, 120, 1000.0), HALF_LIFE / 8);
        assert!(sorter.pass(100, 100, 1000.0) <= 1, "too few to tell");
        let leaps = (0..4).map(|_| sorter.pass(1000, 600, 1000.0)).max();
        assert!(leaps >= Some(AGED * HALF_LIFE), "{leaps:?}");
        assert_eq!(sorter.pass(1000, 600, 1000.0), HALF_LIFE / 2);
    }
}
