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
    /// The classes of keyspace events that are wanted.
    pub wanted_events: u32,
    /// Whether events go to the channels named after keys, and to those named after events.
    pub event_channels: (bool, bool),
    /// Memory limit in bytes; 0: none.
    pub maxmemory: u64,
    /// Whether the access clock counts frequency.
    pub lfu: bool,
    /// Commands that take so many microseconds are logged; negative: none.
    pub slowlog_micros: i64,
    /// Whether fast commands may be timed together: the slow log asks for milliseconds or nothing.
    pub coarse_times: bool,
    /// Entries that SLOWLOG keeps.
    pub slowlog_max: usize,
    /// From how many milliseconds on an event counts as a latency spike; 0: never.
    pub latency_threshold_ms: u64,
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
        let channels =
            (notify.contains(NotifyFlags::KEYSPACE), notify.contains(NotifyFlags::KEYEVENT));
        let wanted = if channels == (false, false) { 0 } else { notify.bits() & !0b11 };
        Settings {
            limits: limits(config),
            wanted_events: wanted,
            event_channels: channels,
            maxmemory: config.maxmemory(),
            lfu: config.maxmemory_policy().is_lfu(),
            slowlog_micros: config.slowlog_log_slower_than(),
            coarse_times: !(0..1000).contains(&config.slowlog_log_slower_than()),
            slowlog_max: config.slowlog_max_len(),
            latency_threshold_ms: u64::try_from(config.latency_monitor_threshold()).unwrap_or(0),
        }
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
        stream_node_max_bytes: config.stream_node_max_bytes() as usize,
        stream_node_max_entries: usize::try_from(config.stream_node_max_entries()).unwrap_or(0),
        ..Limits::default()
    }
}
