//! Primaries and replicas.

use super::*;
use crate::choice::{PropagationErrorBehavior, ReplDisklessLoad, ReplSync};
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::special::Special;
use crate::value::{Primary, Text, Value};

directives! {
    after append_only::END;
    section "Replication";

    replicaof: Primary, "replicaof" | "slaveof", [IMMUTABLE MULTI],
        "Host and port of the primary to be a replica of.";
    masterauth: OptStr, "masterauth", [SENSITIVE],
        "Password to give to the primary.";
    masteruser: OptStr, "masteruser", [SENSITIVE],
        "User to be at the primary, where it is not the default one.";
    replica_serve_stale_data: Bool(true), "replica-serve-stale-data" | "slave-serve-stale-data", [],
        "Answer reads while the link to the primary is down.";
    replica_read_only: Bool(true), "replica-read-only" | "slave-read-only", [],
        "Refuse writes of clients on a replica.";
    replica_priority: Int(100, 0, INT_MAX), "replica-priority" | "slave-priority", [],
        "Which replica is promoted first: the lowest number; 0 never.";
    replica_announced: Bool(true), "replica-announced", [],
        "Let Sentinel list this replica.";
    replica_announce_ip: OptStr, "replica-announce-ip" | "slave-announce-ip", [],
        "Address a replica gives as its own.";
    replica_announce_port: Port(0), "replica-announce-port" | "slave-announce-port", [],
        "Port a replica gives as its own; 0 gives the real one.";
    replica_ignore_maxmemory: Bool(true), "replica-ignore-maxmemory" | "slave-ignore-maxmemory", [],
        "Leave eviction to the primary.";
    replica_ignore_disk_write_errors: Bool(false), "replica-ignore-disk-write-errors", [],
        "Let a replica go on when it cannot write to its disk.";
    replica_lazy_flush: Bool(false), "replica-lazy-flush" | "slave-lazy-flush", [],
        "Free the old data of a full sync in the background.";
    repl_diskless_sync: Bool(true), "repl-diskless-sync", [],
        "Send full syncs without a file in between.";
    repl_diskless_sync_delay: Int(5, 0, INT_MAX), "repl-diskless-sync-delay", [],
        "Seconds to wait for more replicas before a full sync without a file starts.";
    repl_diskless_sync_max_replicas: Int(0, 0, INT_MAX), "repl-diskless-sync-max-replicas", [],
        "Replicas at which that wait ends at once; 0 always waits.";
    repl_diskless_load: Word(ReplDisklessLoad, Disabled), "repl-diskless-load", [DENY_LOADING],
        "Whether a replica loads a full sync without a file.";
    repl_sync: Word(ReplSync, Auto), "repl-sync", [],
        "How a first sync between Redpolls goes: from a table in memory, or as a stream.";
    repl_sync_carriers: Str("rdma,shm,tcp"), "repl-sync-carriers", [], check sync_carriers,
        "Ways to a sync table's memory that are tried one after the other, separated by commas.";
    repl_sync_memory: Bytes(256 << 20, 1 << 20, 1 << 40), "repl-sync-memory", [],
        "Memory in which a sync table is laid out for replicas to read.";
    repl_sync_share_window: Int(20, 0, INT_MAX), "repl-sync-share-window", [],
        "Milliseconds to wait for more replicas that may read the same sync table.";
    repl_ping_replica_period: Int(10, 1, INT_MAX),
        "repl-ping-replica-period" | "repl-ping-slave-period", [],
        "Seconds between pings to replicas.";
    repl_timeout: Int(60, 1, INT_MAX), "repl-timeout", [],
        "Seconds of silence after which a replication link is given up.";
    repl_disable_tcp_nodelay: Bool(false), "repl-disable-tcp-nodelay", [],
        "Save bandwidth to replicas at the price of delay.";
    repl_backlog_size: Bytes(1 << 20, 1, LONG_MAX), "repl-backlog-size", [], check raise_backlog,
        "Writes kept for replicas that come back, to spare them a full sync.";
    repl_backlog_ttl: Int(3600, 0, LONG_MAX), "repl-backlog-ttl", [],
        "Seconds without replicas after which those writes are forgotten; 0 never.";
    min_replicas_to_write: Int(0, 0, INT_MAX), "min-replicas-to-write" | "min-slaves-to-write", [],
        "Replicas that must be near for a write to be accepted; 0: none.";
    min_replicas_max_lag: Int(10, 0, INT_MAX), "min-replicas-max-lag" | "min-slaves-max-lag", [],
        "Seconds of lag up to which a replica counts as near.";
    propagation_error_behavior: Word(PropagationErrorBehavior, Ignore),
        "propagation-error-behavior", [],
        "What to do when a command from the primary or the log fails.";
}
