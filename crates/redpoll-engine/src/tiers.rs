//! Which values lie in DRAM and which in far memory: the policies, and what keeps them.
//!
//! A [`Keeper`] belongs to one thread, which gives it a turn every few milliseconds. At the end of
//! each period it looks at how much lies where and sets the rule by which new values are placed;
//! between, it walks the keyspace and moves values.
//!
//! - `only-dram`, `only-pmem` and `threshold` place by size; after a change of the policy, one
//!   round moves what lies elsewhere.
//! - `ratio` places by a threshold that the controller computes, and moves values (cold ones down,
//!   hot ones up) while the ratio is off by more than a hundredth: after CONFIG SET, or where sizes
//!   alone cannot reach it.
//! - `tiered` fills DRAM first. Then the hottest values that fit belong there: a round over the
//!   keyspace adds up bytes by heat, which gives the level of heat where DRAM ends; the next round
//!   moves what is clearly above it up, and as much of what is not above it down as that needs
//!   room. (Moving a value costs more than some uses of far memory do. With values on both sides of
//!   a sharp line, those that were used once of late would change places with those that were not,
//!   for ever.)

use crate::engine::Engine;
use redpoll_config::{AllocPolicy, Config};
use redpoll_keyspace::heat::LEVELS;
use redpoll_keyspace::tiering::{Met, Seen, Walk};
use redpoll_memory::tiers::{self, Controller, Reading, Rule, Target, Tier};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often a keeper is given a turn.
pub const TURN: Duration = Duration::from_millis(10);
/// For how long of a turn it walks while there is much to move, and while there is nothing.
const BUSY: Duration = Duration::from_micros(2000);
const QUIET: Duration = Duration::from_micros(200);
/// Values below this are not worth a reference, and lie with their key.
const SMALLEST: usize = 64;
/// How much hotter than where DRAM ends a far value must be to change places with one in DRAM.
const GAP: usize = 2;
/// The part of the bytes that is in the wrong tier from which on the walk is as fast as may be.
const URGENT: f64 = 0.05;
/// How far off a ratio may be before values are moved for it.
const TOLERANCE: f64 = 0.01;
/// The shortest and the longest epoch of heat.
const EPOCH_MIN: Duration = Duration::from_secs(1);
const EPOCH_MAX: Duration = Duration::from_secs(60);

/// What INFO tells of the tiers.
#[derive(Debug, Default)]
pub struct Tiers {
    /// The threshold in use: values from this size on go far, as far as one size decides it.
    pub threshold: AtomicUsize,
    /// Values and bytes moved to DRAM.
    pub promotions: AtomicU64,
    /// See `promotions`.
    pub promoted_bytes: AtomicU64,
    /// Values and bytes moved to far memory.
    pub demotions: AtomicU64,
    /// See `demotions`.
    pub demoted_bytes: AtomicU64,
    /// Rounds over the keyspace.
    pub rounds: AtomicU64,
}

/// Bytes in use by tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// In DRAM.
    pub dram: u64,
    /// In far memory.
    pub far: u64,
}

impl Usage {
    /// The present usage. O(threads).
    pub fn now() -> Self {
        let far = tiers::far_used();
        Usage { dram: redpoll_memory::used_memory().saturating_sub(far) as u64, far: far as u64 }
    }

    /// All bytes.
    pub fn total(self) -> u64 {
        self.dram + self.far
    }

    /// The part that is far, from 0 to 1.
    pub fn far_share(self) -> f64 {
        if self.total() == 0 { 0.0 } else { self.far as f64 / self.total() as f64 }
    }
}

/// What the policy `ratio` aims at.
pub fn target(config: &Config) -> Target {
    let bound = |bytes: i64| usize::try_from(bytes).unwrap_or(1).max(1);
    let (min, max) = (bound(config.dynamic_threshold_min()), bound(config.dynamic_threshold_max()));
    Target { ratio: config.dram_pmem_ratio(), min: min.min(max), max }
}

/// The memory at which keys are evicted; 0: no limit. Under `tiered` it is reached when both tiers
/// are full, too.
pub fn memory_limit(config: &Config) -> u64 {
    let both = match (config.memory_alloc_policy(), config.maxmemory_dram()) {
        (AllocPolicy::Tiered, dram @ 1..) => {
            let far: usize = tiers::far_usage().iter().map(|region| region.limit).sum();
            dram + far as u64
        }
        _ => 0,
    };
    match (config.maxmemory(), both) {
        (limit, 0) | (0, limit) => limit,
        (maxmemory, both) => maxmemory.min(both),
    }
}

/// DRAM that the policy `tiered` may use.
fn dram_budget(config: &Config, usage: Usage) -> u64 {
    match config.maxmemory_dram() {
        0 => (usage.total() as f64 * (1.0 - target(config).far_share())) as u64,
        bytes => bytes,
    }
}

/// Which values are to be where, by heat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    /// Values that are hotter belong into DRAM, colder ones into far memory.
    level: usize,
}

impl Cut {
    /// Where DRAM ends if so many bytes of values may lie there, the hottest first.
    fn at(seen: &Seen, room: u64) -> Self {
        let mut taken = 0u64;
        for level in (0..LEVELS).rev() {
            taken += seen.near[level] + seen.far[level];
            if taken > room {
                return Cut { level };
            }
        }
        Cut { level: 0 }
    }
}

/// What is to be moved.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Aim {
    /// Nothing.
    Rest,
    /// Values of this size and larger to far memory, others to DRAM.
    Settle(usize),
    /// So many bytes to DRAM (positive) or to far memory (negative).
    Shift(i64),
    /// The hottest values to DRAM and others away: there are so many bytes of room in DRAM, and so
    /// many are needed for values that should be there; what is left over may be filled.
    Sort { cut: Cut, room: i64, needed: i64 },
}

impl Aim {
    /// Where a value that the walk has met should be, if elsewhere. Keeps account of what moves.
    fn judge(&mut self, met: Met) -> Option<Tier> {
        let bytes = i64::try_from(met.bytes).unwrap_or(i64::MAX);
        match self {
            Aim::Rest => None,
            Aim::Settle(threshold) => {
                let is_far = met.bytes >= (*threshold).max(SMALLEST);
                Some(if is_far { Tier::Far } else { Tier::Near })
            }
            Aim::Shift(left) if met.bytes < SMALLEST || *left == 0 => None,
            Aim::Shift(left) if *left > 0 && met.tier == Tier::Far => {
                *left = (*left - bytes).max(0);
                Some(Tier::Near)
            }
            Aim::Shift(left) if *left < 0 && met.tier == Tier::Near => {
                *left = (*left + bytes).min(0);
                Some(Tier::Far)
            }
            Aim::Shift(_) => None,
            Aim::Sort { cut, room, needed } => {
                let level = usize::from(met.heat);
                match met.tier {
                    Tier::Near if met.bytes < SMALLEST => None,
                    Tier::Near if level <= cut.level && *room < *needed => {
                        *room += bytes;
                        Some(Tier::Far)
                    }
                    Tier::Far
                        if *room > bytes
                            && (level >= cut.level + GAP
                                || level > cut.level && *room > *needed + bytes) =>
                    {
                        *room -= bytes;
                        Some(Tier::Near)
                    }
                    _ => None,
                }
            }
        }
    }
}

/// Keeps the policy; see the module's head.
pub struct Keeper {
    controller: Controller,
    walk: Walk,
    /// What the last whole round saw.
    seen: Seen,
    aim: Aim,
    /// When the period and the epoch began.
    period: Instant,
    epoch: Instant,
    /// Uses of values when the epoch began.
    uses: u64,
    /// Bytes that may be moved at this moment.
    allowance: f64,
    /// Something has moved in this round or in the last one.
    moved: (bool, bool),
    /// The part of the bytes that the policy `tiered` wants elsewhere.
    misplaced: f64,
    /// The threshold for which all values have been looked at.
    settled: Option<usize>,
}

/// The threshold of the policies that have a fixed one.
fn fixed_threshold(config: &Config) -> Option<usize> {
    match config.memory_alloc_policy() {
        AllocPolicy::OnlyDram => Some(usize::MAX),
        AllocPolicy::OnlyPmem => Some(0),
        AllocPolicy::Threshold => usize::try_from(config.static_threshold()).ok(),
        AllocPolicy::Ratio | AllocPolicy::Tiered => None,
    }
}

/// Lets the next value be placed by the present policy, if it is one with a fixed threshold. (Of
/// the others, the keeper makes the rule.)
pub fn place_by(config: &Config) {
    if let Some(threshold) = fixed_threshold(config) {
        Rule::at(threshold).apply(false);
    }
}

impl Keeper {
    /// A keeper; the policy holds from now on.
    pub fn new(engine: &Engine) -> Self {
        let config = &engine.config;
        let initial = usize::try_from(config.initial_dynamic_threshold()).unwrap_or(SMALLEST);
        let now = Instant::now();
        let mut keeper = Keeper {
            controller: Controller::new(target(config), initial),
            walk: Walk::default(),
            seen: Seen::default(),
            aim: Aim::Rest,
            period: now,
            epoch: now,
            uses: 0,
            allowance: 0.0,
            moved: (true, true),
            misplaced: 0.0,
            settled: None,
        };
        keeper.end_period(engine);
        keeper
    }

    /// Does what is due: a new rule at the end of a period, and a part of the walk. Takes two
    /// milliseconds at most, and a stripe's lock for some tens of microseconds at a time.
    pub fn turn(&mut self, engine: &Engine) {
        let period = Duration::from_millis(engine.config.memory_ratio_check_period() as u64);
        if self.period.elapsed() >= period {
            self.period = Instant::now();
            self.end_period(engine);
        }
        let rate = engine.config.tier_migration_rate() as f64;
        self.allowance = (self.allowance + rate * TURN.as_secs_f64()).min(rate / 10.0);
        if self.aim != Aim::Rest {
            self.walk(engine);
        }
    }

    /// Sets the rule for new values, and what is to be moved.
    fn end_period(&mut self, engine: &Engine) {
        let (config, usage) = (&engine.config, Usage::now());
        let policy = config.memory_alloc_policy();
        let tiering = engine.keyspace.tiering();
        tiering.note_uses(policy != AllocPolicy::OnlyDram);
        tiering.delay_far(Duration::from_nanos(config.far_memory_delay_ns() as u64));
        self.pass_epoch(engine);
        let fixed = fixed_threshold(config);
        let rule = match (policy, fixed) {
            (_, Some(threshold)) => self.keep_threshold(threshold),
            (AllocPolicy::Ratio, _) => self.keep_ratio(config, usage),
            _ => self.keep_sorted(config, usage),
        };
        if fixed.is_none() {
            self.settled = None;
        }
        rule.apply(fixed.is_none());
        engine.tiers.threshold.store(rule.low.min(u32::MAX as usize), Relaxed);
    }

    fn keep_threshold(&mut self, threshold: usize) -> Rule {
        let aim = match self.settled == Some(threshold) {
            true => Aim::Rest,
            false => Aim::Settle(threshold),
        };
        if self.aim != aim {
            self.aim = aim;
            (self.walk, self.moved) = (Walk::default(), (true, true));
        }
        Rule::at(threshold)
    }

    fn keep_ratio(&mut self, config: &Config, usage: Usage) -> Rule {
        let target = target(config);
        self.controller.aim(target);
        let sizes = tiers::sizes_placed();
        let reading = Reading { dram: usage.dram, far: usage.far, sizes: &sizes };
        let rule = self.controller.tick(reading);
        let missing = target.far_share() * usage.total() as f64 - usage.far as f64;
        self.aim = match missing.abs() > TOLERANCE * usage.total() as f64 {
            true => Aim::Shift(-(missing as i64)),
            false => Aim::Rest,
        };
        rule
    }

    fn keep_sorted(&mut self, config: &Config, usage: Usage) -> Rule {
        let budget = dram_budget(config, usage);
        // A little stays free, so that new values and promoted ones find room.
        let budget = budget - budget / 50;
        let movable: u64 = self.seen.near.iter().sum();
        let fixed = usage.dram.saturating_sub(movable);
        let cut = Cut::at(&self.seen, budget.saturating_sub(fixed));
        let room = budget as i64 - usage.dram as i64;
        let hotter = self.seen.far_from(cut.level + GAP);
        let needed = hotter.min(budget / 50) as i64;
        self.aim = Aim::Sort { cut, room, needed };
        // What this round has met so far tells sooner than the last one that others are hot now.
        let parts = [&self.seen, &self.walk.seen].map(|seen| match seen.values * 20 {
            met if met < self.seen.values => 0.0,
            _ => seen.far_from(cut.level + GAP) as f64 / seen.bytes().max(1) as f64,
        });
        let excess = (-room).max(0) as f64 / budget.max(1) as f64;
        self.misplaced = parts.into_iter().fold(excess, f64::max);
        let full = room < (budget / 50) as i64;
        Rule { low: SMALLEST, high: usize::MAX, share: if full { 1.0 } else { 0.0 } }
    }

    /// Ends the epoch of heat once every value could have been used since it began.
    fn pass_epoch(&mut self, engine: &Engine) {
        let (near, far) = engine.keyspace.tier_hits();
        let (uses, lasted) = (near + far, self.epoch.elapsed());
        let enough = uses - self.uses >= self.seen.values.max(1) && lasted >= EPOCH_MIN;
        if enough || lasted >= EPOCH_MAX {
            (self.epoch, self.uses) = (Instant::now(), uses);
            engine.keyspace.tiering().pass_epoch();
        }
    }

    /// For how long of a turn to walk.
    fn walking_time(&self) -> Duration {
        match self.aim {
            Aim::Sort { .. } => {
                let urgency = (self.misplaced / URGENT).min(1.0);
                QUIET + (BUSY - QUIET).mul_f64(urgency)
            }
            _ if self.moved.0 || self.moved.1 => BUSY,
            _ => QUIET,
        }
    }

    /// Goes on with the walk for the rest of the turn, or until enough has been moved.
    fn walk(&mut self, engine: &Engine) {
        let started = Instant::now();
        let most = self.walking_time();
        while started.elapsed() < most && self.allowance > 0.0 {
            let aim = &mut self.aim;
            let step = engine.keyspace.tier_step(&mut self.walk, &mut |met| aim.judge(met));
            let (up, down) = (step.promoted, step.demoted);
            self.allowance -= (up.1 + down.1) as f64;
            self.moved.0 |= up.0 + down.0 > 0;
            let tiers = &engine.tiers;
            for (counter, more) in [
                (&tiers.promotions, up.0),
                (&tiers.promoted_bytes, up.1),
                (&tiers.demotions, down.0),
                (&tiers.demoted_bytes, down.1),
            ] {
                counter.fetch_add(more, Relaxed);
            }
            if step.round_over {
                tiers.rounds.fetch_add(1, Relaxed);
                self.seen = std::mem::take(&mut self.walk.seen);
                if let (Aim::Settle(threshold), false) = (&self.aim, self.moved.0) {
                    self.settled = Some(*threshold);
                    self.aim = Aim::Rest;
                }
                self.moved = (false, self.moved.0);
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(near: &[(usize, u64)], far: &[(usize, u64)]) -> Seen {
        let mut seen = Seen::default();
        near.iter().for_each(|&(level, bytes)| seen.near[level] = bytes);
        far.iter().for_each(|&(level, bytes)| seen.far[level] = bytes);
        seen
    }

    #[test]
    fn dram_ends_where_the_hottest_values_no_longer_fit() {
        let seen = seen(&[(0, 500), (3, 100)], &[(0, 1000), (3, 100), (9, 50)]);
        for (room, level) in [(0, 9), (49, 9), (50, 3), (249, 3), (250, 0), (5000, 0)] {
            assert_eq!(Cut::at(&seen, room).level, level, "{room}");
        }
    }

    fn met(bytes: usize, heat: u8, tier: Tier) -> Met {
        Met { bytes, heat, tier }
    }

    #[test]
    fn sorting_moves_cold_values_down_and_hot_ones_up_as_far_as_there_is_room() {
        let mut aim = Aim::Sort { cut: Cut { level: 2 }, room: 250, needed: 100 };
        assert_eq!(aim.judge(met(100, 3, Tier::Far)), Some(Tier::Near), "fills what is left over");
        assert_eq!(aim.judge(met(100, 3, Tier::Far)), None, "not worth an exchange");
        assert_eq!(aim.judge(met(100, 4, Tier::Far)), Some(Tier::Near));
        assert_eq!(aim.judge(met(100, 5, Tier::Far)), None, "no room");
        assert_eq!(aim.judge(met(100, 3, Tier::Near)), None, "hot enough to stay");
        assert_eq!(aim.judge(met(100, 2, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(100, 1, Tier::Near)), None, "enough room");
        assert_eq!(aim.judge(met(100, 5, Tier::Far)), Some(Tier::Near), "room again");
        assert_eq!(aim.judge(met(10, 0, Tier::Near)), None, "too small to be worth it");
        let mut full = Aim::Sort { cut: Cut { level: 2 }, room: -150, needed: 0 };
        assert_eq!(full.judge(met(100, 2, Tier::Near)), Some(Tier::Far));
        assert_eq!(full.judge(met(100, 2, Tier::Near)), Some(Tier::Far));
        assert_eq!(full.judge(met(100, 2, Tier::Near)), None, "enough");
        let mut exchange = Aim::Sort { cut: Cut { level: 0 }, room: 0, needed: 100 };
        assert_eq!(exchange.judge(met(200, 5, Tier::Far)), None, "no room yet");
        assert_eq!(exchange.judge(met(300, 0, Tier::Near)), Some(Tier::Far), "makes room");
        assert_eq!(exchange.judge(met(200, 5, Tier::Far)), Some(Tier::Near));
    }

    #[test]
    fn a_threshold_says_where_each_value_belongs() {
        let mut aim = Aim::Settle(1000);
        assert_eq!(aim.judge(met(1000, 0, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(999, 0, Tier::Near)), Some(Tier::Near));
        assert_eq!(Aim::Settle(0).judge(met(63, 0, Tier::Near)), Some(Tier::Near), "too small");
        assert_eq!(Aim::Settle(usize::MAX).judge(met(5000, 0, Tier::Far)), Some(Tier::Near));
    }

    #[test]
    fn a_ratio_moves_values_one_way_until_it_is_reached() {
        let mut aim = Aim::Shift(-150);
        assert_eq!(aim.judge(met(100, 9, Tier::Far)), None);
        assert_eq!(aim.judge(met(100, 9, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(100, 9, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(100, 9, Tier::Near)), None);
        let mut up = Aim::Shift(50);
        assert_eq!(up.judge(met(63, 0, Tier::Far)), None);
        assert_eq!(up.judge(met(100, 0, Tier::Far)), Some(Tier::Near));
        assert_eq!(up.judge(met(100, 0, Tier::Far)), None);
    }
}
