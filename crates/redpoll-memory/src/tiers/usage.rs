//! How much of the far memory is in use, counted where blocks are taken and given back.

use super::region;
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Regions of far memory that may be named at most.
pub(super) const REGIONS_MAX: usize = 8;
/// Counters a region has, so that threads seldom meet in one.
const SHARDS: usize = 16;

/// A counter on a cache line of its own.
#[repr(align(64))]
struct Counter(AtomicI64);

static USED: [[Counter; SHARDS]; REGIONS_MAX] =
    [const { [const { Counter(AtomicI64::new(0)) }; SHARDS] }; REGIONS_MAX];
static TURNED_AWAY: AtomicU64 = AtomicU64::new(0);
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
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
}

/// The regions in the order in which they are filled; empty without far memory.
pub fn far_usage() -> Vec<FarUsage> {
    let region = |(index, region): (usize, &region::Region)| FarUsage {
        name: region.spec().to_string(),
        used: used(index),
        limit: region.len(),
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
