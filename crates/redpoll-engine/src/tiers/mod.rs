//! Which values lie in DRAM and which in far memory: the policies, and what keeps them.
//!
//! - `only-dram`, `only-pmem` and `threshold` place by size; after a change of the policy, one
//!   round moves what lies elsewhere.
//! - `ratio` places by a threshold that the controller computes, and moves values while the ratio
//!   is off by more than a hundredth: after CONFIG SET, or where sizes alone cannot reach it.
//! - `tiered` fills DRAM first. Then the hottest values that fit belong there: see [`sorter`].
//!   A far value that is clearly hot enough comes to DRAM when it is used, by the thread that uses
//!   it; larger ones are moved by the walk, which also keeps a little of DRAM free by moving the
//!   coldest away.

mod aim;
mod keeper;
mod sorter;

pub use keeper::{Keeper, TURN};

use redpoll_config::{AllocPolicy, Config};
use redpoll_memory::tiers::{self, Rule, Target};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Values below this are not worth a reference, and lie with their key.
const SMALLEST: usize = 64;

/// How often somebody has chosen where values belong. One rule holds for the process, and so does
/// this. (A threshold that was changed and is back again has placed values meanwhile.)
static CHOICES: AtomicU64 = AtomicU64::new(0);

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
    CHOICES.fetch_add(1, Relaxed);
    if let Some(threshold) = fixed_threshold(config) {
        Rule::at(threshold).apply(false);
    }
}
