//! Directives for tests: CONFIG GET shows them by their exact name only.

use super::*;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};

directives! {
    after monitoring::END;
    section "Testing";

    key_load_delay: Int(0, INT_MIN, INT_MAX), "key-load-delay", [HIDDEN],
        "Microseconds to wait after each key loaded; negative: keys loaded for each microsecond.";
    rdb_key_save_delay: Int(0, INT_MIN, INT_MAX), "rdb-key-save-delay", [HIDDEN],
        "Microseconds to wait after each key saved; negative: keys saved for each microsecond.";
    loading_process_events_interval_bytes: Int(2 << 20, 1024, INT_MAX),
        "loading-process-events-interval-bytes", [HIDDEN],
        "Bytes loaded between two looks at the network.";
    cluster_ping_interval: Int(0, 0, LONG_MAX), "cluster-ping-interval", [HIDDEN],
        "Milliseconds between pings to nodes; 0 leaves it to the node timeout.";
    aof_disable_auto_gc: Bool(false), "aof-disable-auto-gc", [HIDDEN],
        "Keep append-only files that are no longer needed.";
    use_exit_on_panic: Bool(false), "use-exit-on-panic", [HIDDEN],
        "Exit on a panic rather than abort, for leak checkers.";
    watchdog_period: Int(0, 0, INT_MAX), "watchdog-period", [HIDDEN],
        "Milliseconds after which a stalled server logs where it is; 0 never.";
}
