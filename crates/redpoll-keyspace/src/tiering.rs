//! Moving values between DRAM and far memory.
//!
//! A walk goes round the keyspace, a few buckets under one lock at a time. It tells how many bytes
//! of each heat lie in which tier, and moves those that a judge wants elsewhere. The judge, which
//! knows the budgets, is the caller's (`redpoll-engine`); what heat is stands in [`crate::heat`].
//!
//! Values move whole: strings and packed collections. The parts of a large collection stay where
//! their size put them when they were written.

use crate::entry::Payload;
use crate::heat::{self, LEVELS};
use crate::keyspace::Keyspace;
use crate::stripe::Stripe;
use crate::table::scan::Cursor;
use redpoll_memory::tiers::{self, Tier};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// No uses are noted.
const OFF: u16 = u16::MAX;
/// Buckets that are looked at under one lock: about ten microseconds.
const BUCKETS: usize = 8;
/// Bytes that are moved under one lock, and one value more: tens of microseconds.
const MOVED_MAX: usize = 32 << 10;

/// What is noted of uses while there are two tiers.
#[derive(Debug)]
pub struct Tiering {
    /// The epoch of heat, or [`OFF`].
    epoch: AtomicU16,
    /// Nanoseconds that a use of a far value is made to take more, for experiments.
    delay_nanos: AtomicU32,
}

impl Default for Tiering {
    fn default() -> Self {
        Self { epoch: AtomicU16::new(OFF), delay_nanos: AtomicU32::new(0) }
    }
}

impl Tiering {
    /// Notes uses from now on, or no longer.
    pub fn note_uses(&self, on: bool) {
        let epoch = if on { self.epoch.load(Relaxed) & 0xff } else { OFF };
        self.epoch.store(epoch, Relaxed);
    }

    /// Lets an epoch pass: heat halves. Nothing while no uses are noted.
    pub fn pass_epoch(&self) {
        if let Some(epoch) = self.epoch() {
            self.epoch.store(u16::from(epoch.wrapping_add(1)), Relaxed);
        }
    }

    /// The epoch, while uses are noted.
    #[inline(always)]
    pub(crate) fn epoch(&self) -> Option<u8> {
        match self.epoch.load(Relaxed) {
            OFF => None,
            epoch => Some(epoch as u8),
        }
    }

    /// Makes each use of a far value take so much longer: to try on a machine with one kind of
    /// memory how another would do.
    pub fn delay_far(&self, by: Duration) {
        self.delay_nanos.store(u32::try_from(by.as_nanos()).unwrap_or(u32::MAX), Relaxed);
    }

    /// Waits as a use of a far value is made to.
    pub(crate) fn wait_for_far(&self) {
        let nanos = self.delay_nanos.load(Relaxed);
        if nanos > 0 {
            let start = Instant::now();
            while start.elapsed() < Duration::from_nanos(nanos.into()) {
                spin_loop();
            }
        }
    }
}

/// Uses of values by the tier that they were found in.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    near: AtomicU64,
    far: AtomicU64,
}

impl Hits {
    /// Counts one. To be called under the lock of the stripe.
    pub fn note(&self, tier: Tier) {
        let hits = if tier == Tier::Far { &self.far } else { &self.near };
        hits.store(hits.load(Relaxed) + 1, Relaxed);
    }
}

/// A value that a walk has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// Bytes that would move.
    pub bytes: usize,
    /// How hot it is, below [`LEVELS`].
    pub heat: u8,
    /// Where it lies.
    pub tier: Tier,
}

/// Where a walk round the keyspace stands, and what it has seen in this round.
#[derive(Debug, Default)]
pub struct Walk {
    stripe: usize,
    db: usize,
    cursor: Cursor,
    /// What this round has met so far.
    pub seen: Seen,
}

/// Values by heat and tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Bytes in DRAM that could move, by heat.
    pub near: [u64; LEVELS],
    /// Bytes in far memory, by heat.
    pub far: [u64; LEVELS],
    /// How many values those are.
    pub values: u64,
}

impl Seen {
    /// All bytes.
    pub fn bytes(&self) -> u64 {
        self.near.iter().chain(&self.far).sum()
    }

    /// Bytes in far memory from this level of heat on.
    pub fn far_from(&self, level: usize) -> u64 {
        self.far.iter().skip(level).sum()
    }

    fn note(&mut self, met: Met) {
        let tier = if met.tier == Tier::Far { &mut self.far } else { &mut self.near };
        tier[usize::from(met.heat)] += met.bytes as u64;
        self.values += 1;
    }
}

/// What one step of a walk has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Values and bytes that moved to DRAM.
    pub promoted: (u64, u64),
    /// Values and bytes that moved to far memory.
    pub demoted: (u64, u64),
    /// The round is over; the next step begins another.
    pub round_over: bool,
}

impl Keyspace {
    /// Uses of values since the start that found them in DRAM, and in far memory. O(stripes).
    pub fn tier_hits(&self) -> (u64, u64) {
        let hits = (0..self.stripes()).map(|stripe| self.hits(stripe));
        hits.fold((0, 0), |(near, far), hits| {
            (near + hits.near.load(Relaxed), far + hits.far.load(Relaxed))
        })
    }

    /// Goes on with a walk by a few buckets under one lock, and moves what `judge` names another
    /// tier for. A few tens of microseconds at most, but for values larger than that takes.
    pub fn tier_step(&self, walk: &mut Walk, judge: &mut dyn FnMut(Met) -> Option<Tier>) -> Step {
        let mut step = Step::default();
        let epoch = self.tiering().epoch().unwrap_or(0);
        let mut guard = self.lock(walk.stripe);
        for _ in 0..BUCKETS {
            let next = visit(&mut guard, walk, epoch, judge, &mut step);
            match next {
                Some(next) => walk.cursor = next,
                None => {
                    walk.cursor = Cursor::default();
                    walk.db += 1;
                    if walk.db == self.databases() {
                        break;
                    }
                }
            }
            if step.promoted.1 + step.demoted.1 > MOVED_MAX as u64 {
                break;
            }
        }
        drop(guard);
        if walk.db == self.databases() {
            (walk.db, walk.stripe) = (0, (walk.stripe + 1) % self.stripes());
            step.round_over = walk.stripe == 0;
        }
        step
    }
}

/// Looks at the entries of one bucket.
fn visit(
    stripe: &mut Stripe,
    walk: &mut Walk,
    epoch: u8,
    judge: &mut dyn FnMut(Met) -> Option<Tier>,
    step: &mut Step,
) -> Option<Cursor> {
    let table = &mut stripe.db_mut(walk.db).table;
    let mut places = Vec::with_capacity(16);
    let next = table.places_step(walk.cursor, |place| places.push(place));
    for place in places {
        let entry = table.entry(place);
        let Some(heat) = entry.heat() else { continue };
        let Payload::Value(value) = entry.into_payload() else { continue };
        let Some(bytes) = value.movable().filter(|bytes| !bytes.is_empty()) else { continue };
        let met =
            Met { bytes: bytes.len(), heat: heat::level(heat, epoch), tier: tiers::tier_of(bytes) };
        walk.seen.note(met);
        let Some(wanted) = judge(met).filter(|tier| *tier != met.tier) else { continue };
        let mut entry = table.entry_to_move(place);
        let moved = entry.value_mut().map_or(0, |value| value.relocate(wanted));
        if moved > 0 {
            let count = match wanted {
                Tier::Near => &mut step.promoted,
                Tier::Far => &mut step.demoted,
            };
            *count = (count.0 + 1, count.1 + moved as u64);
        }
    }
    next
}
