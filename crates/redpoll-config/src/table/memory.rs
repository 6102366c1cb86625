//! How much memory is used, what is evicted, and how it is given back.

use super::*;
use crate::choice::MaxmemoryPolicy;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};

directives! {
    after security::END;
    section "Memory";

    maxmemory: Bytes(0, 0, ULONG_MAX), "maxmemory", [],
        "Memory at which eviction starts; 0 has no limit.";
    maxmemory_policy: Word(MaxmemoryPolicy, Noeviction), "maxmemory-policy", [],
        "Which keys are evicted when `maxmemory` is reached.";
    maxmemory_samples: Int(5, 1, INT_MAX), "maxmemory-samples", [],
        "Keys looked at to find one to evict: more are more exact and slower.";
    maxmemory_eviction_tenacity: Int(10, 0, 100), "maxmemory-eviction-tenacity", [],
        "How long eviction may keep a command waiting: 0 hardly, 100 as long as it takes.";
    script_memory_limit: Bytes(268_435_456, 0, ULONG_MAX), "script-memory-limit", [],
        "Memory that the scripts of one worker may use; 0 has no limit.";
    lfu_log_factor: Int(10, 0, INT_MAX), "lfu-log-factor", [],
        "How slowly the counter of uses grows: with 10 it is full after a million uses.";
    lfu_decay_time: Int(1, 0, INT_MAX), "lfu-decay-time", [],
        "Minutes after which the counter of uses loses one; 0 never.";
    active_expire_effort: Int(1, 1, 10), "active-expire-effort", [],
        "How much work goes into removing expired keys in the background.";
    lazyfree_lazy_eviction: Bool(false), "lazyfree-lazy-eviction", [],
        "Free evicted values in the background.";
    lazyfree_lazy_expire: Bool(false), "lazyfree-lazy-expire", [],
        "Free expired values in the background.";
    lazyfree_lazy_server_del: Bool(false), "lazyfree-lazy-server-del", [],
        "Free overwritten values in the background.";
    lazyfree_lazy_user_del: Bool(false), "lazyfree-lazy-user-del", [],
        "Let DEL free in the background, as UNLINK does.";
    lazyfree_lazy_user_flush: Bool(false), "lazyfree-lazy-user-flush", [],
        "Let FLUSHDB and FLUSHALL free in the background unless told SYNC.";
    activerehashing: Bool(true), "activerehashing", [],
        "Accepted without effect: the table grows by parts and never rehashes.";
    jemalloc_bg_thread: Bool(true), "jemalloc-bg-thread", [],
        "Give unused memory back to the system from a background thread.";
    activedefrag: Bool(false), "activedefrag", [], check no_defragmentation,
        "Not available: accepted in files, refused at run time.";
    active_defrag_ignore_bytes: Bytes(100 << 20, 1, LONG_MAX), "active-defrag-ignore-bytes", [],
        "Wasted memory below which there is no defragmentation.";
    active_defrag_threshold_lower: Int(10, 0, 1000), "active-defrag-threshold-lower", [],
        "Percentage of waste at which defragmentation starts.";
    active_defrag_threshold_upper: Int(100, 0, 1000), "active-defrag-threshold-upper", [],
        "Percentage of waste at which defragmentation does its utmost.";
    active_defrag_cycle_min: Int(1, 1, 99), "active-defrag-cycle-min", [],
        "Percentage of CPU for defragmentation at the lower threshold.";
    active_defrag_cycle_max: Int(25, 1, 99), "active-defrag-cycle-max", [],
        "Percentage of CPU for defragmentation at the upper threshold.";
    active_defrag_max_scan_fields: Count(1000, 1, LONG_MAX), "active-defrag-max-scan-fields", [],
        "Elements up to which a value is defragmented in one go.";
}
