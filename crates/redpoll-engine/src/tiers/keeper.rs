//! The thread's work: a rule for new values at the end of each period, and a walk over the keyspace
//! between.

use super::aim::Aim;
use super::sorter::Sorter;
use super::{CHOICES, SMALLEST, Usage, dram_budget, fixed_threshold, target};
use crate::engine::Engine;
use redpoll_config::{AllocPolicy, Config};
use redpoll_keyspace::tiering::Walk;
use redpoll_memory::tiers::{self, Controller, Reading, Rule};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How often a keeper is given a turn.
pub const TURN: Duration = Duration::from_millis(10);
/// For how long of a turn it walks while there is much to move, and while there is nothing.
const BUSY: Duration = Duration::from_micros(2000);
const QUIET: Duration = Duration::from_micros(200);
/// The part of the bytes in the wrong tier from which on the walk is as fast as may be.
const URGENT: f64 = 0.05;
/// For how long nothing has moved, and no snapshot has shared a value, before all is settled.
const CALM: Duration = Duration::from_secs(1);
/// How far off a ratio may be before values are moved for it.
const TOLERANCE: f64 = 0.01;
/// The part of DRAM that stays free, so that promoted values find room.
const SPARE: u64 = 50;

/// Keeps the policy; belongs to one thread, which gives it a turn every few milliseconds.
pub struct Keeper {
    controller: Controller,
    sorter: Sorter,
    walk: Walk,
    aim: Aim,
    /// When the period began.
    period: Instant,
    /// Uses of values when it began: all, and those that found them in far memory.
    uses: (u64, u64),
    /// Bytes that may be moved at this moment.
    allowance: f64,
    /// Values and bytes that uses have moved so far.
    taken: (u64, u64),
    /// Something has moved in this round or in the last one.
    moved: (bool, bool),
    /// How much there is to move under the policy `tiered`, from 0 to 1.
    urgency: f64,
    /// When something has moved for the last time, or may have been kept from it.
    stirred: Instant,
    /// The threshold that all values are to be moved by, or have been, and when it was chosen.
    chosen: Option<(usize, u64)>,
}

impl Keeper {
    /// A keeper; the policy holds from now on.
    pub fn new(engine: &Engine) -> Self {
        let config = &engine.config;
        let initial = usize::try_from(config.initial_dynamic_threshold()).unwrap_or(SMALLEST);
        let mut keeper = Keeper {
            controller: Controller::new(target(config), initial),
            sorter: Sorter::default(),
            walk: Walk::default(),
            aim: Aim::Rest,
            period: Instant::now(),
            uses: (0, 0),
            allowance: 0.0,
            taken: (0, 0),
            moved: (true, true),
            urgency: 0.0,
            stirred: Instant::now(),
            chosen: None,
        };
        keeper.end_period(engine);
        keeper
    }

    /// Does what is due: a new rule at the end of a period, and a part of the walk. Takes two
    /// milliseconds at most, and a stripe's lock for some tens of microseconds at a time.
    pub fn turn(&mut self, engine: &Engine) {
        self.count_taken(engine);
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
        self.grant(engine);
    }

    /// Takes account of what uses have moved since the last turn.
    fn count_taken(&mut self, engine: &Engine) {
        let taken = engine.keyspace.tiering().taken();
        let (values, bytes) = (taken.0 - self.taken.0, taken.1 - self.taken.1);
        self.taken = taken;
        self.allowance -= bytes as f64;
        if let Aim::Sort { room, .. } = &mut self.aim {
            *room -= bytes as i64;
        }
        engine.tiers.promotions.fetch_add(values, Relaxed);
        engine.tiers.promoted_bytes.fetch_add(bytes, Relaxed);
    }

    /// Says what uses may move until the next turn.
    fn grant(&self, engine: &Engine) {
        let (bytes, from) = match self.aim {
            Aim::Sort { lines, room, .. } => (self.allowance.min(room as f64).max(0.0), lines.up),
            _ => (0.0, u8::MAX),
        };
        engine.keyspace.tiering().grant(bytes as u64, from);
    }

    /// Sets the rule for new values, and what is to be moved.
    fn end_period(&mut self, engine: &Engine) {
        let (config, usage) = (&engine.config, Usage::now());
        let policy = config.memory_alloc_policy();
        let tiering = engine.keyspace.tiering();
        tiering.delay_far(Duration::from_nanos(config.far_memory_delay_ns() as u64));
        let fixed = fixed_threshold(config);
        let rule = match (policy, fixed) {
            (_, Some(threshold)) => self.keep_threshold(threshold),
            (AllocPolicy::Ratio, _) => self.keep_ratio(config, usage),
            _ => self.keep_sorted(engine, usage),
        };
        let rests = policy == AllocPolicy::Tiered && self.aim == Aim::Rest;
        tiering.note_uses(policy != AllocPolicy::OnlyDram && !rests);
        if fixed.is_none() {
            self.chosen = None;
        }
        rule.apply(policy == AllocPolicy::Ratio);
        engine.tiers.threshold.store(rule.low.min(u32::MAX as usize), Relaxed);
    }

    fn keep_threshold(&mut self, threshold: usize) -> Rule {
        let chosen = Some((threshold, CHOICES.load(Relaxed)));
        if self.chosen != chosen {
            (self.chosen, self.aim) = (chosen, Aim::Settle(threshold));
            (self.walk, self.moved) = (Walk::default(), (true, true));
            self.stirred = Instant::now();
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

    fn keep_sorted(&mut self, engine: &Engine, usage: Usage) -> Rule {
        let budget = dram_budget(&engine.config, usage);
        let rule = Rule { low: SMALLEST, high: usize::MAX, share: 0.0 };
        if usage.far == 0 && usage.dram < budget / 4 * 3 {
            // There is nothing to decide for a while, and uses need not be noted.
            self.aim = Aim::Rest;
            return Rule::NEAR;
        }
        let keys = (0..engine.keyspace.databases()).map(|db| engine.keyspace.len(db)).sum();
        self.sorter.note(&std::mem::take(&mut self.walk.seen));
        self.pass(engine, keys);
        let spare = (budget / SPARE) as i64;
        let others = (usage.dram as f64 - self.sorter.near_bytes(keys)).max(0.0);
        let room = (budget - budget / SPARE) as f64 - others;
        let mut lines = self.sorter.lines(keys, room.max(0.0));
        let room = budget as i64 - usage.dram as i64;
        if room < 0 {
            // Too much is in DRAM: nothing may stay for being nearly hot enough.
            lines.down = lines.up - 1;
        }
        self.aim = Aim::Sort { lines, room, wanted: spare };
        let lacking = (spare - room) as f64 / spare.max(1) as f64;
        let misplaced = self.sorter.misplaced(lines) / URGENT;
        self.urgency = lacking.max(misplaced).clamp(0.0, 1.0);
        // What is new is not hot yet; the last room is for what is.
        let is_full = room < 2 * spare;
        Rule { share: if is_full { 1.0 } else { 0.0 }, ..rule }
    }

    /// Moves the clock of heat on by what has been used in this period.
    fn pass(&mut self, engine: &Engine, keys: usize) {
        let (near, far) = engine.keyspace.tier_hits();
        let all = near + far + engine.keyspace.uses_of_others();
        let uses = (all - self.uses.0, far - self.uses.1);
        self.uses = (all, far);
        let steps = self.sorter.pass(uses.0, uses.1, self.sorter.values(keys));
        engine.keyspace.tiering().pass(steps);
    }

    /// For how long of a turn to walk.
    fn walking_time(&self) -> Duration {
        match self.aim {
            Aim::Sort { .. } => QUIET + (BUSY - QUIET).mul_f64(self.urgency),
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
                self.sorter.note(&std::mem::take(&mut self.walk.seen));
                self.sorter.end_round();
                tiers.rounds.fetch_add(1, Relaxed);
                if self.moved.0 || engine.keyspace.has_snapshots() {
                    self.stirred = Instant::now();
                }
                let is_calm = self.stirred.elapsed() > CALM;
                if matches!(self.aim, Aim::Settle(_)) && is_calm {
                    self.aim = Aim::Rest;
                }
                self.moved = (false, self.moved.0);
                break;
            }
        }
    }
}
