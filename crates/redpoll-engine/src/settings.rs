//! What executors read of the configuration for every command, in one small copy.
//!
//! Each executor keeps the copy and renews it when the engine's generation has moved: a command
//! pays one load for the whole configuration, and a batch never sees half of a change.

use redpoll_config::Config;
use redpoll_config::NotifyFlags;
use redpoll_types::limits::Limits;

/// See the module's head.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The thresholds of the compact encodings.
    pub limits: Limits,
    /// The classes of keyspace events that are wanted, and whether their fields are.
    pub wanted_events: u32,
    /// The channels that events go to.
    pub event_channels: NotifyFlags,
    /// Memory limit in bytes; 0: none.
    pub maxmemory: u64,
    /// Whether the access clock counts frequency.
    pub lfu: bool,
    /// Commands that take so many microseconds are logged; negative: none.
    pub slowlog_micros: i64,
    /// Whether fast commands may be timed together: the slow log asks for milliseconds or nothing.
    pub coarse_times: bool,
    /// Whether writes are refused because a snapshot has failed.
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
}

impl Settings {
    /// Whether a command that took so long is to be logged as slow.
    #[inline]
    pub fn is_slow(&self, nanos: u64) -> bool {
        let threshold = u64::try_from(self.slowlog_micros);
        threshold.is_ok_and(|micros| nanos >= micros.saturating_mul(1000))
    }

    /// The settings of a configuration, as they are now.
    pub fn of(config: &Config) -> Self {
        let notify = config.notify_keyspace_events();
        let wanted = match notify.intersects(NotifyFlags::CHANNELS) {
            true => notify.bits() & !(NotifyFlags::KEYSPACE | NotifyFlags::KEYEVENT).bits(),
            false => 0,
        };
        Settings {
            limits: limits(config),
            wanted_events: wanted,
            event_channels: notify,
            maxmemory: config.maxmemory(),
            lfu: config.maxmemory_policy().is_lfu(),
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
            latency_threshold_ms: u64::try_from(config.latency_monitor_threshold()).unwrap_or(0),
        }
    }
}

/// A threshold in bytes, which a negative one puts out of reach.
fn bytes(threshold: i64) -> usize {
    usize::try_from(threshold).unwrap_or(usize::MAX)
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
        ..Limits::default()
    }
}
