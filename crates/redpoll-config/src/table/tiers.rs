//! Two tiers of memory: what is far, and which values lie there.
//!
//! The names up to `hashtable-on-dram` are those of MemKeyDB.

use super::*;
use crate::choice::AllocPolicy;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::special::{Special, unpack_ratio};
use crate::value::{Text, Value};
use std::sync::Arc;

directives! {
    after rdma::END;
    section "Tiers of memory";

    far_memory: FarMemory, "far-memory", [IMMUTABLE MULTI],
        "Memory beside DRAM: NUMA nodes, DAX devices, or files with their sizes.";
    memory_alloc_policy: Word(AllocPolicy, OnlyDram), "memory-alloc-policy", [],
        "Which values go to far memory: by size, by ratio, or by use (tiered).";
    static_threshold: Int(64, 0, UINT_MAX), "static-threshold", [],
        "Bytes from which on a value goes to far memory under the policy `threshold`.";
    dram_pmem_ratio: TierRatio, "dram-pmem-ratio", [MULTI],
        "Parts of all memory in DRAM and in far memory under the policy `ratio`.";
    initial_dynamic_threshold: Int(64, 0, UINT_MAX), "initial-dynamic-threshold", [],
        "The threshold that the policy `ratio` starts with.";
    dynamic_threshold_min: Int(24, 1, INT_MAX), "dynamic-threshold-min", [],
        "The smallest threshold of the policy `ratio`.";
    dynamic_threshold_max: Int(10000, 1, INT_MAX), "dynamic-threshold-max", [],
        "The largest threshold of the policy `ratio`.";
    memory_ratio_check_period: Int(100, 1, INT_MAX), "memory-ratio-check-period", [],
        "Milliseconds after which the policies look again at what lies where.";
    hashtable_on_dram: Bool(true), "hashtable-on-dram", [],
        "Accepted without effect: the tables are in DRAM always.";
    maxmemory_dram: Bytes(0, 0, ULONG_MAX), "maxmemory-dram", [],
        "DRAM that the policy `tiered` uses at most; 0: by `dram-pmem-ratio`.";
    tier_migration_rate: Bytes(256 << 20, 0, ULONG_MAX), "tier-migration-rate", [],
        "Bytes a second that are moved between the tiers at most; 0 moves none.";
    far_memory_delay_ns: Int(0, 0, 1000000), "far-memory-delay-ns", [],
        "Makes each use of a far value slower by so many nanoseconds: for experiments.";
}
