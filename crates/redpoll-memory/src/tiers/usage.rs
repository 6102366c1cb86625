//! How much of the far memory is in use, counted where blocks are taken and given back.

use super::region;
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Regions of far memory that may be named at most.
pub const REGIONS_MAX: usize = 8;
/// Counters a region has, so that threads seldom meet in one.
const SHARDS: usize = 16;

/// A counter on a cache line of its own.
#[repr(align(64))]
struct Counter(AtomicI64);

static USED: [[Counter; SHARDS]; REGIONS_MAX] =
    [const { [const { Counter(AtomicI64::new(0)) }; SHARDS] }; REGIONS_MAX];
static MOVES: [Moves; REGIONS_MAX] = [const { Moves::new() }; REGIONS_MAX];
static TURNED_AWAY: AtomicU64 = AtomicU64::new(0);
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Payloads and bytes that have moved between a region and DRAM.
struct Moves {
    up: [AtomicU64; 2],
    down: [AtomicU64; 2],
}

impl Moves {
    const fn new() -> Self {
        Moves { up: [const { AtomicU64::new(0) }; 2], down: [const { AtomicU64::new(0) }; 2] }
    }
}

/// One region of far memory and what of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FarUsage {
    /// As `far-memory` names it.
    pub name: String,
    /// Bytes in use, in units of the allocator's size classes.
    pub used: usize,
    /// Bytes that it has.
    pub limit: usize,
    /// Payloads and bytes that have moved from it to DRAM since the start.
    pub promotions: (u64, u64),
    /// Those that have moved there from DRAM.
    pub demotions: (u64, u64),
}

/// The regions in the order in which they are filled; empty without far memory.
pub fn far_usage() -> Vec<FarUsage> {
    let sums = |[values, bytes]: &[AtomicU64; 2]| (values.load(Relaxed), bytes.load(Relaxed));
    let region = |(index, region): (usize, &region::Region)| FarUsage {
        name: region.spec().to_string(),
        used: used(index),
        limit: region.len(),
        promotions: sums(&MOVES[index].up),
        demotions: sums(&MOVES[index].down),
    };
    region::all().iter().enumerate().map(region).collect()
}

/// Bytes of far memory in use, in units of the allocator's size classes. O(regions).
pub fn far_used() -> usize {
    (0..region::all().len()).map(used).sum()
}

/// Blocks that belonged into far memory since the start and went to DRAM because it was full.
pub fn turned_away() -> u64 {
    TURNED_AWAY.load(Relaxed)
}

/// Notes that a payload of so many bytes has moved from one address to another.
pub(super) fn note_move(from: usize, to: usize, bytes: usize) {
    let (place, is_up) = match region::index_at(to) {
        Some(to) => (Some(to), false),
        None => (region::index_at(from), true),
    };
    let Some(moves) = place.and_then(|index| MOVES.get(index)) else { return };
    let [values, sum] = if is_up { &moves.up } else { &moves.down };
    values.fetch_add(1, Relaxed);
    sum.fetch_add(bytes as u64, Relaxed);
}

/// Notes a block that found no room in far memory.
pub(super) fn turn_away() {
    TURNED_AWAY.fetch_add(1, Relaxed);
}

/// Adds to (or with a negative number takes from) what a region has in use.
#[inline]
pub(super) fn add(region: usize, bytes: isize) {
    USED[region][shard() % SHARDS].0.fetch_add(bytes as i64, Relaxed);
}

/// A number of the calling thread, for counters that are kept in several places.
#[inline]
pub(super) fn shard() -> usize {
    let own = SHARD.get();
    if own != usize::MAX {
        return own;
    }
    let own = THREADS.fetch_add(1, Relaxed);
    SHARD.set(own);
    own
}

fn used(region: usize) -> usize {
    let sum: i64 = USED[region].iter().map(|counter| counter.0.load(Relaxed)).sum();
    usize::try_from(sum).unwrap_or(0)
}
