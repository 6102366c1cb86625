//! Limits of clients, and what is published to them.

use super::*;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::notify::NotifyFlags;
use crate::special::Special;
use crate::value::{BufferLimit, ClientClass, MemoryLimit};

directives! {
    after process::END;
    section "Clients";

    maxclients: Int(10000, 1, UINT_MAX), "maxclients", [],
        "Connections at most; further ones are refused.";
    maxmemory_clients: BytesOrPercent(0), "maxmemory-clients", [],
        "Memory of all clients' buffers at most, before the largest are disconnected; 0: any.";
    client_query_buffer_limit: Bytes(1 << 30, 1 << 20, LONG_MAX), "client-query-buffer-limit", [],
        "Input a client may have waiting before it is disconnected.";
    client_output_buffer_limit: BufferLimits, "client-output-buffer-limit", [MULTI],
        "Output a client may leave unread: class, hard limit, soft limit and its seconds.";
    proto_max_bulk_len: Bytes(512 << 20, 1 << 20, LONG_MAX), "proto-max-bulk-len", [],
        "Longest single string in a request.";
    tracking_table_max_keys: Count(1_000_000, 0, LONG_MAX), "tracking-table-max-keys", [],
        "Keys remembered for client-side caching; 0 has no limit.";
    notify_keyspace_events: Notify, "notify-keyspace-events", [],
        "Events of the keyspace that are published: letters for where (K, E) and which.";
    busy_reply_threshold: Int(5000, 0, LONG_MAX), "busy-reply-threshold" | "lua-time-limit", [],
        "Milliseconds a script may run before other clients are told BUSY; 0 never tells.";
}
