//! Moving values between DRAM and far memory.
//!
//! A walk goes round the keyspace, a few buckets under one lock at a time. It tells how many bytes
//! of each heat lie in which tier, and moves those that a judge wants elsewhere. The judge, which
//! knows the budgets, is the caller's (`redpoll-engine`); what heat is stands in [`crate::heat`].
//!
//! A string in its entry, where it was put while nothing was to go far, gets a block of its own
//! when it moves for the first time. Until then it has no heat and counts as cold.
//!
//! Strings and packed collections move whole, large collections part by part: the walk notes the
//! keys of those it meets and looks at some of their parts at a time, each time under a lock that
//! is given back after it. Whatever happens to the key meanwhile, the parts that are there then are
//! looked at; those that a snapshot shares are left alone.

use crate::entry::{Entry, NewPayload, Payload};
use crate::heat::{self, LEVELS};
use crate::keyspace::Keyspace;
use crate::stripe::Stripe;
use crate::table::scan::Cursor;
use crate::table::{Place, Table};
use redpoll_memory::tiers::{self, REGIONS_MAX, Tier};
use redpoll_types::string::Str;
use redpoll_types::value::Value;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The bit of the clock that says that no uses are noted.
const OFF: u32 = 1 << 16;
/// Buckets that are looked at under one lock: about ten microseconds.
const BUCKETS: usize = 8;
/// Parts of a large value that are looked at under one lock.
const PARTS: usize = 128;
/// Bytes that are moved under one lock, and one value or part more: tens of microseconds.
const MOVED_MAX: usize = 32 << 10;
/// The largest value that a use moves, in bytes: one microsecond.
const TAKEN_MAX: usize = 8 << 10;

/// What is noted of uses while there are two tiers.
#[derive(Debug)]
pub struct Tiering {
    /// The clock of heat, and [`OFF`].
    clock: AtomicU32,
    /// Nanoseconds that a use of a far value is made to take more, for experiments.
    delay_nanos: AtomicU32,
    /// Far values from this level of heat on come to DRAM when they are used;
    take_from: AtomicU8,
    /// as long as so many bytes are left to move so.
    grant: AtomicI64,
    /// Values and bytes that have.
    taken: AtomicU64,
    taken_bytes: AtomicU64,
}

impl Default for Tiering {
    fn default() -> Self {
        Self {
            clock: AtomicU32::new(OFF),
            delay_nanos: AtomicU32::new(0),
            take_from: AtomicU8::new(u8::MAX),
            grant: AtomicI64::new(0),
            taken: AtomicU64::new(0),
            taken_bytes: AtomicU64::new(0),
        }
    }
}

impl Tiering {
    /// Notes uses from now on, or no longer.
    pub fn note_uses(&self, on: bool) {
        match on {
            true => self.clock.fetch_and(!OFF, Relaxed),
            false => self.clock.fetch_or(OFF, Relaxed),
        };
    }

    /// Moves the clock of heat on: what has been used so far cools down. Nothing while no uses are
    /// noted.
    pub fn pass(&self, steps: u16) {
        if let Some(clock) = self.clock() {
            self.clock.store(clock.wrapping_add(steps).into(), Relaxed);
        }
    }

    /// The clock of heat, while uses are noted.
    #[inline(always)]
    pub(crate) fn clock(&self) -> Option<u16> {
        u16::try_from(self.clock.load(Relaxed)).ok()
    }

    /// Lets uses move so many bytes from now on, of values from this level of heat on. (What was
    /// left of an earlier grant is void.)
    pub fn grant(&self, bytes: u64, from: u8) {
        self.take_from.store(from, Relaxed);
        self.grant.store(i64::try_from(bytes).unwrap_or(i64::MAX), Relaxed);
    }

    /// Values and bytes that uses have moved to DRAM since the start.
    pub fn taken(&self) -> (u64, u64) {
        (self.taken.load(Relaxed), self.taken_bytes.load(Relaxed))
    }

    /// Whether a use of a far value of this heat is to move it. The bytes count as moved then.
    #[inline]
    pub(crate) fn takes(&self, bytes: usize, level: u8) -> bool {
        level >= self.take_from.load(Relaxed)
            && bytes <= TAKEN_MAX
            && self.grant.load(Relaxed) >= bytes as i64
            && self.grant.fetch_sub(bytes as i64, Relaxed) >= bytes as i64
    }

    /// Says whether it has been moved.
    pub(crate) fn took(&self, bytes: usize, moved: usize) {
        match moved {
            0 => {
                self.grant.fetch_add(bytes as i64, Relaxed);
            }
            moved => {
                self.taken.fetch_add(1, Relaxed);
                self.taken_bytes.fetch_add(moved as u64, Relaxed);
            }
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
    /// By region of far memory.
    far: [AtomicU64; REGIONS_MAX],
    /// Of values that lie in no one place.
    others: AtomicU64,
}

impl Hits {
    /// Counts one of a value that lies there; without bytes: of one that lies in no one place. To
    /// be called under the lock of the stripe. Answers whether it is far.
    pub fn note(&self, bytes: Option<&[u8]>) -> bool {
        let region = bytes.and_then(tiers::region_of);
        let hits = match (bytes, region) {
            (Some(_), Some(region)) => &self.far[region % REGIONS_MAX],
            (Some(_), None) => &self.near,
            (None, _) => &self.others,
        };
        hits.store(hits.load(Relaxed) + 1, Relaxed);
        region.is_some()
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

/// Where a walk round the keyspace stands, and what it has seen.
#[derive(Debug, Default)]
pub struct Walk {
    stripe: usize,
    db: usize,
    cursor: Cursor,
    /// Large values of this stripe that have been met and whose parts are still to be looked at.
    large: Vec<Large>,
    /// What this round has met so far. Whoever takes it out begins anew.
    pub seen: Seen,
}

/// Where a walk through the parts of a large value stands.
#[derive(Debug)]
struct Large {
    db: usize,
    key: Box<[u8]>,
    from: u64,
}

/// Values by heat and tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Bytes in DRAM that could move, by heat.
    pub near: [u64; LEVELS],
    /// Bytes in far memory, by heat.
    pub far: [u64; LEVELS],
    /// How many values have been met, those included that lie in no one place.
    pub values: u64,
    /// How many keys have been looked at for them.
    pub keys: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Seen { near: [0; LEVELS], far: [0; LEVELS], values: 0, keys: 0 }
    }
}

impl Seen {
    /// Adds what a value, or a part of one, takes.
    pub fn note(&mut self, met: Met) {
        let tier = if met.tier == Tier::Far { &mut self.far } else { &mut self.near };
        tier[usize::from(met.heat)] += met.bytes as u64;
    }
}

/// What one step of a walk has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Values (or parts of large ones) and bytes that moved to DRAM.
    pub promoted: (u64, u64),
    /// Those that moved to far memory.
    pub demoted: (u64, u64),
    /// The round is over; the next step begins another.
    pub round_over: bool,
}

impl Step {
    /// Whether no more is to be moved under this lock.
    fn is_full(&self) -> bool {
        self.moved() > MOVED_MAX as u64
    }

    fn moved(&self) -> u64 {
        self.promoted.1 + self.demoted.1
    }

    fn note(&mut self, tier: Tier, moved: usize) {
        let count = if tier == Tier::Far { &mut self.demoted } else { &mut self.promoted };
        if moved > 0 {
            *count = (count.0 + 1, count.1 + moved as u64);
        }
    }
}

impl Keyspace {
    /// Uses of values since the start that found them in DRAM, and in far memory. O(stripes).
    pub fn tier_hits(&self) -> (u64, u64) {
        let hits = (0..self.stripes()).map(|stripe| self.hits(stripe));
        hits.fold((0, 0), |(near, far), hits| {
            let regions: u64 = hits.far.iter().map(|hits| hits.load(Relaxed)).sum();
            (near + hits.near.load(Relaxed), far + regions)
        })
    }

    /// Those that found them in one region of far memory. O(stripes).
    pub fn region_hits(&self, region: usize) -> u64 {
        let hits = |stripe| self.hits(stripe).far.get(region).map_or(0, |hits| hits.load(Relaxed));
        (0..self.stripes()).map(hits).sum()
    }

    /// Uses since the start of values that lie in no one place. O(stripes).
    pub fn uses_of_others(&self) -> u64 {
        (0..self.stripes()).map(|stripe| self.hits(stripe).others.load(Relaxed)).sum()
    }

    /// Whether a snapshot is being taken, which may share values and keep them where they are.
    pub fn has_snapshots(&self) -> bool {
        self.epochs().live().all() != 0
    }

    /// Goes on with a walk, by a few buckets or some parts of a large value under one lock, and
    /// moves what `judge` names another tier for. A few tens of microseconds at most, but for
    /// values and parts larger than that takes.
    pub fn tier_step(&self, walk: &mut Walk, judge: &mut dyn FnMut(Met) -> Option<Tier>) -> Step {
        let mut step = Step::default();
        let clock = self.tiering().clock();
        let mut guard = self.lock(walk.stripe);
        match walk.large.is_empty() {
            true => visit_buckets(&mut guard, walk, clock, judge, &mut step),
            false => visit_parts(self, &mut guard, walk, clock, judge, &mut step),
        }
        drop(guard);
        if walk.db == self.databases() && walk.large.is_empty() {
            (walk.db, walk.stripe) = (0, (walk.stripe + 1) % self.stripes());
            step.round_over = walk.stripe == 0;
        }
        step
    }
}

/// Looks at the entries of some buckets. Those of the last database are followed by none.
fn visit_buckets(
    stripe: &mut Stripe,
    walk: &mut Walk,
    clock: Option<u16>,
    judge: &mut dyn FnMut(Met) -> Option<Tier>,
    step: &mut Step,
) {
    for _ in 0..BUCKETS {
        match visit(stripe, walk, clock, judge, step) {
            Some(next) => walk.cursor = next,
            None => {
                walk.cursor = Cursor::default();
                walk.db += 1;
                if walk.db == stripe.dbs().len() {
                    break;
                }
            }
        }
        if step.is_full() {
            break;
        }
    }
}

/// Looks at the entries of one bucket.
fn visit(
    stripe: &mut Stripe,
    walk: &mut Walk,
    clock: Option<u16>,
    judge: &mut dyn FnMut(Met) -> Option<Tier>,
    step: &mut Step,
) -> Option<Cursor> {
    let table = &mut stripe.db_mut(walk.db).table;
    let mut places = Vec::with_capacity(16);
    let next = table.places_step(walk.cursor, |place| places.push(place));
    walk.seen.keys += places.len() as u64;
    for place in places {
        let entry = table.entry(place);
        let Some(heat) = entry.heat() else {
            visit_inline(table, place, &mut walk.seen, judge, step);
            continue;
        };
        let level = clock.map_or(0, |clock| heat::level(heat, clock));
        let has_cooled = level == 0 && heat != heat::COLD && clock.is_some();
        let Payload::Value(value) = entry.into_payload() else { continue };
        walk.seen.values += 1;
        let met = value.movable().filter(|bytes| !bytes.is_empty()).map(|bytes| Met {
            bytes: bytes.len(),
            heat: level,
            tier: tiers::tier_of(bytes),
        });
        if value.has_parts() {
            let key = table.entry(place).into_key().into();
            walk.large.push(Large { db: walk.db, key, from: 0 });
        }
        if has_cooled {
            table.entry_to_move(place).set_heat(heat::COLD);
        }
        let Some(met) = met else { continue };
        walk.seen.note(met);
        let Some(wanted) = judge(met).filter(|tier| *tier != met.tier) else { continue };
        let mut entry = table.entry_to_move(place);
        step.note(wanted, entry.value_mut().map_or(0, |value| value.relocate(wanted)));
    }
    next
}

/// Looks at a string that lies in its entry, if it is one that can lie elsewhere.
fn visit_inline(
    table: &mut Table<Value>,
    place: Place,
    seen: &mut Seen,
    judge: &mut dyn FnMut(Met) -> Option<Tier>,
    step: &mut Step,
) {
    let mut entry = table.entry_to_move(place);
    let Payload::Inline(bytes) = entry.payload() else { return };
    if bytes.len() < tiers::APART_MIN {
        return;
    }
    let met = Met { bytes: bytes.len(), heat: 0, tier: Tier::Near };
    seen.values += 1;
    seen.note(met);
    if judge(met) != Some(Tier::Far) {
        return;
    }
    let Some(text) = Str::far_copy_of(bytes) else { return };
    let payload = NewPayload::Value(Value::Str(text));
    let mut apart = Entry::new(entry.key(), payload, entry.expiry());
    apart.copy_state(&entry);
    drop(entry.replace(apart));
    step.note(Tier::Far, met.bytes);
}

/// Looks at some parts of the last large value that has been met.
fn visit_parts(
    keyspace: &Keyspace,
    stripe: &mut Stripe,
    walk: &mut Walk,
    clock: Option<u16>,
    judge: &mut dyn FnMut(Met) -> Option<Tier>,
    step: &mut Step,
) {
    let Some(mut large) = walk.large.pop() else { return };
    let table = &mut stripe.db_mut(large.db).table;
    let Some(place) = table.find(keyspace.hash(&large.key), &large.key) else { return };
    let mut entry = table.entry_to_move(place);
    let heat = clock.zip(entry.heat()).map_or(0, |(clock, heat)| heat::level(heat, clock));
    let Some(value) = entry.value_mut() else { return };
    let next = value.visit_parts(large.from, PARTS, &mut |mut part| {
        if part.is_empty() {
            return true;
        }
        let met = Met { bytes: part.len(), heat, tier: part.tier() };
        walk.seen.note(met);
        // Some parts more are shown after there are enough. If they are large, they are left out,
        // and have their turn in the next round.
        if step.moved() > 4 * MOVED_MAX as u64 {
            return false;
        }
        if let Some(wanted) = judge(met).filter(|tier| *tier != met.tier) {
            step.note(wanted, part.relocate(wanted));
        }
        !step.is_full()
    });
    if let Some(next) = next {
        large.from = next;
        walk.large.push(large);
    }
}
