//! Values of one size under a Zipf load, with DRAM for a quarter of them, in place of a server:
//! minutes of placement in a second.

use super::super::aim::Aim;
use super::*;
use redpoll_keyspace::heat;
use redpoll_keyspace::tiering::Met;
use redpoll_memory::tiers::Tier;
use redpoll_types::rng::{Rng, SmallRng};

const VALUES: usize = 50_000;
/// Values that DRAM holds.
const ROOM: usize = VALUES / 4;
/// Bytes of a value.
const SIZE: usize = 1000;
/// Uses a second, for each value: what 600,000 a second are to 4,000,000 values.
const RATE: f64 = 0.15;
/// Turns of the keeper in a second, and those in a period.
const TURNS: usize = 100;
const PERIOD: usize = 10;
/// The part of the values that the walk meets in a turn: a round takes five seconds.
const WALK: usize = VALUES / 500;

struct Simulation {
    rng: SmallRng,
    /// The probability of each rank and those before it, and the values by rank.
    sums: Vec<f64>,
    ranks: Vec<usize>,
    heat: Vec<u16>,
    is_near: Vec<bool>,
    near: usize,
    clock: u16,
    sorter: Sorter,
    lines: Lines,
    met: Seen,
    at: usize,
    due: f64,
}

/// What some seconds have brought.
#[derive(Debug)]
struct Found {
    /// The part of uses that found their value in DRAM.
    near: f64,
    /// Values that were moved up a second, as a part of all.
    moved: f64,
}

impl Simulation {
    fn new() -> Self {
        let heights = (1..=VALUES).map(|rank| (rank as f64).powf(-0.99));
        let all: f64 = heights.clone().sum();
        let mut sum = 0.0;
        let sums = heights.map(|height| {
            sum += height / all;
            sum
        });
        let sums = sums.collect();
        Simulation {
            rng: SmallRng::new(7),
            sums,
            // A step without a factor in common with the number of values.
            ranks: (0..VALUES).map(|rank| rank * 33_331 % VALUES).collect(),
            heat: vec![heat::COLD; VALUES],
            is_near: (0..VALUES).map(|value| value < ROOM).collect(),
            near: ROOM,
            clock: 0,
            sorter: Sorter::default(),
            lines: Lines { down: 0, up: u8::MAX },
            met: Seen::default(),
            at: 0,
            due: 0.0,
        }
    }

    /// The most that any placement reaches.
    fn best(&self) -> f64 {
        self.sums[ROOM]
    }

    /// Lets others be the hot ones.
    fn move_on(&mut self) {
        self.ranks.rotate_left(VALUES / 3);
    }

    fn run(&mut self, seconds: usize) -> Found {
        let (mut uses, mut near, mut moved) = (0, 0, 0);
        let mut period = (0, 0);
        for turn in 0..seconds * TURNS {
            self.due += RATE * VALUES as f64 / TURNS as f64;
            while self.due >= 1.0 {
                self.due -= 1.0;
                let is_near = self.use_one(&mut moved);
                period = (period.0 + 1, period.1 + u64::from(!is_near));
                (uses, near) = (uses + 1, near + usize::from(is_near));
            }
            if turn % PERIOD == PERIOD - 1 {
                self.end_period(std::mem::take(&mut period));
            }
            self.walk(&mut moved);
        }
        let seconds = seconds as f64;
        let near = f64::from(near as u32) / f64::from(uses as u32);
        Found { near, moved: f64::from(moved) / seconds / VALUES as f64 }
    }

    fn use_one(&mut self, moved: &mut u32) -> bool {
        let even = self.rng.below(1 << 50) as f64 / (1u64 << 50) as f64;
        let rank = self.sums.partition_point(|sum| *sum < even).min(VALUES - 1);
        let value = self.ranks[rank];
        let is_near = self.is_near[value];
        self.heat[value] = heat::used(self.heat[value], self.clock);
        let level = heat::level(self.heat[value], self.clock);
        if !is_near && level >= self.lines.up && self.near < ROOM {
            self.put(value, true, moved);
        }
        is_near
    }

    fn put(&mut self, value: usize, near: bool, moved: &mut u32) {
        self.is_near[value] = near;
        self.near = if near { self.near + 1 } else { self.near - 1 };
        *moved += u32::from(near);
    }

    fn end_period(&mut self, (uses, far): (u64, u64)) {
        self.sorter.note(&std::mem::take(&mut self.met));
        let steps = self.sorter.pass(uses, far, self.sorter.values(VALUES));
        self.clock = self.clock.wrapping_add(steps);
        self.lines = self.sorter.lines(VALUES, (ROOM - ROOM / 50) as f64 * SIZE as f64);
    }

    fn walk(&mut self, moved: &mut u32) {
        let room = (ROOM * SIZE) as i64 - (self.near * SIZE) as i64;
        let wanted = (ROOM / 50 * SIZE) as i64;
        let mut aim = Aim::Sort { lines: self.lines, room, wanted };
        for _ in 0..WALK {
            let value = self.at;
            self.at = (self.at + 1) % VALUES;
            let tier = if self.is_near[value] { Tier::Near } else { Tier::Far };
            let level = heat::level(self.heat[value], self.clock);
            let met = Met { bytes: SIZE, heat: level, tier };
            self.met.note(met);
            (self.met.keys, self.met.values) = (self.met.keys + 1, self.met.values + 1);
            if level == 0 {
                self.heat[value] = heat::COLD;
            }
            if let Some(wanted) = aim.judge(met).filter(|wanted| *wanted != tier) {
                self.put(value, wanted == Tier::Near, moved);
            }
        }
    }
}

#[test]
fn hot_values_are_found_within_half_a_minute_and_found_again_after_a_change() {
    let mut simulation = Simulation::new();
    let best = simulation.best();
    simulation.run(30);
    let first = simulation.run(5);
    assert!(first.near > best - 0.06, "{first:?}, at best {best}");
    simulation.move_on();
    let lost = simulation.run(1);
    assert!(lost.near < 0.6, "{lost:?}");
    simulation.run(29);
    let again = simulation.run(5);
    assert!(again.near > best - 0.065, "{again:?}, at best {best}");
}

#[test]
fn while_nothing_changes_hardly_anything_moves() {
    let mut simulation = Simulation::new();
    simulation.run(120);
    let later = simulation.run(20);
    assert!(later.near > simulation.best() - 0.05, "{later:?}");
    // Of 4,000,000 values these are 4000 a second.
    assert!(later.moved < 0.001, "{later:?}");
}
