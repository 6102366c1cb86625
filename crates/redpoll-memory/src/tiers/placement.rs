//! The rule that says where a block goes, and the sizes that have been asked for.
//!
//! One rule for the process, read by every allocation of a payload and changed by the controller
//! or by CONFIG SET. While everything stays in DRAM it costs one load and one comparison.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Number of size classes that are told apart: four for each doubling, from 8 bytes to 1 GiB.
pub(super) const CLASS_COUNT: usize = 4 * 27 + 1;
/// Counters are kept in several places, so that threads seldom meet in one.
const SHARDS: usize = 8;

/// Which sizes go far: those from `high` on, and of those from `low` on a share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Smaller blocks stay in DRAM.
    pub low: usize,
    /// Blocks of this size and larger go far.
    pub high: usize,
    /// The part of the blocks between the two that goes far, from 0 to 1.
    pub share: f64,
}

impl Rule {
    /// Everything stays in DRAM.
    pub const NEAR: Rule = Rule::at(usize::MAX);
    /// Everything goes far.
    pub const FAR: Rule = Rule::at(0);

    /// A plain threshold: smaller blocks near, others far.
    pub const fn at(threshold: usize) -> Self {
        Rule { low: threshold, high: threshold, share: 0.0 }
    }

    /// Makes this the process's rule. With `observed`, the sizes of blocks are counted too, which a
    /// [`super::Controller`] needs.
    pub fn apply(self, observed: bool) {
        OBSERVED.store(observed, Relaxed);
        LOW.store(self.low, Relaxed);
        HIGH.store(self.high, Relaxed);
        SHARE.store((self.share * f64::from(WHOLE)) as u32, Relaxed);
        let first = if self.share > 0.0 { self.low } else { self.high };
        GATE.store(if observed { 0 } else { first }, Relaxed);
        APART.store(if observed { 0 } else { self.low }, Relaxed);
    }

    /// The process's rule.
    pub fn current() -> Self {
        let share = f64::from(SHARE.load(Relaxed)) / f64::from(WHOLE);
        Rule { low: LOW.load(Relaxed), high: HIGH.load(Relaxed), share }
    }
}

/// Strings below this always lie in one block with their key: a reference would take as much.
pub const APART_MIN: usize = 64;
/// The share that means all.
const WHOLE: u32 = 1 << 16;

/// Blocks smaller than this are in DRAM without a further look.
static GATE: AtomicUsize = AtomicUsize::new(usize::MAX);
/// Strings of this size and larger may have to go far, now or later.
static APART: AtomicUsize = AtomicUsize::new(usize::MAX);
static LOW: AtomicUsize = AtomicUsize::new(usize::MAX);
static HIGH: AtomicUsize = AtomicUsize::new(usize::MAX);
static SHARE: AtomicU32 = AtomicU32::new(0);
static OBSERVED: AtomicBool = AtomicBool::new(false);
static SIZES: [[AtomicU64; CLASS_COUNT]; SHARDS] =
    [const { [const { AtomicU64::new(0) }; CLASS_COUNT] }; SHARDS];

thread_local! {
    /// What this thread's blocks on the edge have gathered of a whole.
    static CARRIED: Cell<u32> = const { Cell::new(0) };
}

/// Whether a string of this size may lie in one block with its key, which is in DRAM always. Where
/// values can go far, only those may whose reference would take as much as they do.
#[inline]
pub fn may_lie_with_key(size: usize) -> bool {
    size < APART.load(Relaxed).max(APART_MIN)
}

/// Where a new block of this size belongs by the rule.
#[inline]
pub(super) fn goes_far(size: usize) -> bool {
    size >= GATE.load(Relaxed) && look(size)
}

/// Where a block that has grown or shrunk to this size belongs: to the other tier only where the
/// rule is plain about it, so that a list on the edge does not wander with every element.
#[inline]
pub(super) fn stays(size: usize, far: bool) -> bool {
    if far { size >= LOW.load(Relaxed) } else { size < HIGH.load(Relaxed) }
}

/// Counts bytes that a block has grown by as asked for.
#[inline]
pub(super) fn grown(size: usize, by: usize) {
    if by > 0 && OBSERVED.load(Relaxed) {
        count(size, by);
    }
}

/// Bytes asked for since the start, by class of sizes, while the rule was applied as observed.
pub fn sizes_placed() -> [u64; CLASS_COUNT] {
    let sum = |class: usize| SIZES.iter().map(|shard| shard[class].load(Relaxed)).sum();
    std::array::from_fn(sum)
}

#[inline(never)]
fn look(size: usize) -> bool {
    if OBSERVED.load(Relaxed) {
        count(size, size);
    }
    if size < LOW.load(Relaxed) {
        return false;
    }
    size >= HIGH.load(Relaxed) || is_next_far()
}

fn count(size: usize, bytes: usize) {
    SIZES[super::usage::shard() % SHARDS][class_of(size)].fetch_add(bytes as u64, Relaxed);
}

/// Whether this thread's next block on the edge goes far: evenly spread, no randomness needed.
fn is_next_far() -> bool {
    let carried = CARRIED.get() + SHARE.load(Relaxed).min(WHOLE);
    CARRIED.set(carried % WHOLE);
    carried >= WHOLE
}

/// The class of a size. Rises with it.
pub(super) fn class_of(size: usize) -> usize {
    let size = size.clamp(8, 1 << 30);
    let log = size.ilog2() as usize;
    (log - 3) * 4 + ((size >> (log - 2)) & 3)
}

/// The smallest size of a class.
pub(super) fn class_floor(class: usize) -> usize {
    (4 + class % 4) << (class / 4 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_cut_all_sizes_into_quarters_of_a_doubling() {
        for class in 0..CLASS_COUNT {
            let floor = class_floor(class);
            assert_eq!(class_of(floor), class);
            assert!(class == 0 || class_of(floor - 1) == class - 1, "below {floor}");
        }
        assert_eq!((class_of(0), class_of(usize::MAX)), (0, CLASS_COUNT - 1));
    }

    #[test]
    fn a_rule_is_obeyed_and_its_share_kept() {
        assert!(!goes_far(usize::MAX - 1) && stays(1 << 40, false) && !stays(1, true));
        Rule::at(64).apply(false);
        assert!(!goes_far(63) && goes_far(64));
        Rule { low: 100, high: 200, share: 0.25 }.apply(true);
        let before = sizes_placed();
        let far = (0..1000).filter(|_| goes_far(150)).count();
        assert!((249..=251).contains(&far), "{far}");
        assert!(!goes_far(99) && goes_far(200));
        assert!(stays(150, true) && stays(150, false) && !stays(200, false) && !stays(99, true));
        assert_eq!(sizes_placed()[class_of(150)] - before[class_of(150)], 150_000);
        Rule::NEAR.apply(false);
        assert!(!goes_far(1 << 40));
        assert_eq!(Rule::current(), Rule::NEAR);
    }
}
