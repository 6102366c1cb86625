//! What executors read of the configuration for every command, in one small copy.
//!
//! Each executor keeps the copy and renews it when the engine's generation has moved: a command
//! pays one load for the whole configuration, and a batch never sees half of a change.

use redpoll_config::Config;
use redpoll_config::NotifyFlags;
use redpoll_keyspace::access::{Clock, Pace};
use redpoll_keyspace::effect::WRITE_CLOCK;
use redpoll_keyspace::evict::{Order, Policy};
use redpoll_types::limits::Limits;

/// See the module's head.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The thresholds of the compact encodings.
    pub limits: Limits,
    /// The classes of keyspace events that are wanted, whether their fields are, and what else a
    /// change is to be noted for.
    pub wanted_events: u32,
    /// The channels that events go to.
    pub event_channels: NotifyFlags,
    /// Memory limit in bytes; 0: none.
    pub maxmemory: u64,
    /// How keys are evicted above that; `None`: they are not.
    pub eviction: Option<Policy>,
    /// For how many microseconds a command may be kept waiting by eviction.
    pub eviction_micros: u64,
    /// What moves the access clocks.
    pub clock: Clock,
    /// How fast the counters of uses move.
    pub pace: Pace,
    /// Keys that are remembered for clients with caches of their own; 0: any number.
    pub tracked_max: usize,
    /// Commands that take so many microseconds are logged; negative: none.
    pub slowlog_micros: i64,
    /// Whether fast commands may be timed together: the slow log asks for milliseconds or nothing.
    pub coarse_times: bool,
    /// Whether writes are refused because a snapshot, or the append-only file, could not be
    /// written.
    pub snapshot_failed: bool,
    /// Entries that SLOWLOG keeps.
    pub slowlog_max: usize,
    /// Requests of so many bytes are logged, and so many of them kept.
    pub large_request: (usize, usize),
    /// Replies of so many bytes are logged, and so many of them kept.
    pub large_reply: (usize, usize),
    /// Whether keys stay when they expire, and import sources see them.
    pub import_mode: bool,
    /// From how many milliseconds on an event counts as a latency spike; 0: never.
    pub latency_threshold_ms: u64,
    /// Replicas that must be near for writes to be accepted.
    pub min_replicas: usize,
    /// The cost from which on a command runs in the background.
    pub background_threshold: usize,
}

impl Settings {
    /// Whether a command that took so long is to be logged as slow.
    #[inline]
    pub fn is_slow(&self, nanos: u64) -> bool {
        let threshold = u64::try_from(self.slowlog_micros);
        threshold.is_ok_and(|micros| nanos >= micros.saturating_mul(1000))
    }

    /// From how many microseconds on a command is slow, or a latency spike.
    pub(crate) fn notable_from_micros(&self) -> u64 {
        let slow = u64::try_from(self.slowlog_micros).unwrap_or(u64::MAX);
        match self.latency_threshold_ms {
            0 => slow,
            millis => slow.min(millis.saturating_mul(1000)),
        }
    }

    /// Whether it may be that writes are refused, replicas aside.
    #[inline(always)]
    pub(crate) fn may_refuse_writes(&self) -> bool {
        self.snapshot_failed | (self.min_replicas > 0)
    }

    /// The settings of a configuration, as they are now.
    pub fn of(config: &Config) -> Self {
        let notify = config.notify_keyspace_events();
        let events = match notify.intersects(NotifyFlags::CHANNELS) {
            true => notify.bits() & !(NotifyFlags::KEYSPACE | NotifyFlags::KEYEVENT).bits(),
            false => 0,
        };
        let wanted = events | if clock(config) == Clock::Writes { WRITE_CLOCK } else { 0 };
        Settings {
            limits: limits(config),
            wanted_events: wanted,
            event_channels: notify,
            maxmemory: crate::tiers::memory_limit(config),
            eviction: eviction(config),
            eviction_micros: eviction_micros(config.maxmemory_eviction_tenacity()),
            clock: clock(config),
            pace: pace(config),
            tracked_max: config.tracking_table_max_keys(),
            slowlog_micros: config.slowlog_log_slower_than(),
            coarse_times: !(0..1000).contains(&config.slowlog_log_slower_than()),
            snapshot_failed: false,
            slowlog_max: config.slowlog_max_len(),
            min_replicas: usize::try_from(config.min_replicas_to_write()).unwrap_or(0),
            large_request: (
                bytes(config.commandlog_request_larger_than()),
                config.commandlog_large_request_max_len(),
            ),
            large_reply: (
                bytes(config.commandlog_reply_larger_than()),
                config.commandlog_large_reply_max_len(),
            ),
            import_mode: config.import_mode(),
            background_threshold: config.background_threshold(),
            latency_threshold_ms: u64::try_from(config.latency_monitor_threshold()).unwrap_or(0),
        }
    }
}

/// A threshold in bytes, which a negative one puts out of reach.
fn bytes(threshold: i64) -> usize {
    usize::try_from(threshold).unwrap_or(usize::MAX)
}

fn clock(config: &Config) -> Clock {
    match config.maxmemory_policy() {
        policy if policy.is_lfu() => Clock::Uses,
        policy if policy.is_lrm() => Clock::Writes,
        _ => Clock::Reads,
    }
}

fn pace(config: &Config) -> Pace {
    let number = |value: i64| u32::try_from(value).unwrap_or(0);
    Pace {
        log_factor: number(config.lfu_log_factor()),
        decay_minutes: number(config.lfu_decay_time()),
    }
}

fn eviction(config: &Config) -> Option<Policy> {
    use redpoll_config::MaxmemoryPolicy as P;
    let policy = config.maxmemory_policy();
    let order = match policy {
        P::Noeviction => return None,
        P::AllkeysRandom | P::VolatileRandom => Order::Random,
        P::VolatileTtl => Order::Expiry,
        P::AllkeysLfu | P::VolatileLfu => Order::Frequency,
        P::AllkeysLru | P::VolatileLru | P::AllkeysLrm | P::VolatileLrm => Order::Idle,
    };
    Some(Policy {
        order,
        volatile: policy.is_volatile(),
        samples: usize::try_from(config.maxmemory_samples()).unwrap_or(1),
        pace: pace(config),
    })
}

/// Redis's scale: half a millisecond at the default of 10, 15 per cent more with every step above,
/// as long as it takes at 100.
fn eviction_micros(tenacity: i64) -> u64 {
    match tenacity {
        ..=10 => 50 * tenacity.max(0) as u64,
        11..100 => (500.0 * 1.15f64.powi(tenacity as i32 - 10)) as u64,
        _ => u64::MAX,
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        hash_max_listpack_entries: config.hash_max_listpack_entries(),
        hash_max_listpack_value: config.hash_max_listpack_value() as usize,
        set_max_intset_entries: config.set_max_intset_entries(),
        set_max_listpack_entries: config.set_max_listpack_entries(),
        set_max_listpack_value: config.set_max_listpack_value(),
        zset_max_listpack_entries: config.zset_max_listpack_entries(),
        zset_max_listpack_value: config.zset_max_listpack_value() as usize,
        list_max_listpack_size: config.list_max_listpack_size() as i32,
        list_compress_depth: config.list_compress_depth() as u32,
        hll_sparse_max_bytes: usize::try_from(config.hll_sparse_max_bytes()).unwrap_or(usize::MAX),
        stream_node_max_bytes: config.stream_node_max_bytes() as usize,
        stream_node_max_entries: usize::try_from(config.stream_node_max_entries()).unwrap_or(0),
    }
}
