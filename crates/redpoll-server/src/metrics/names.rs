//! INFO's fields and the metrics they become: the names of redis_exporter, where it has one.

use super::exposition::Kind::{self, Counter, Gauge};

/// A field of INFO as a metric.
pub(super) struct Name {
    /// INFO's field.
    pub field: &'static str,
    /// The metric's name.
    pub metric: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// What it is.
    pub help: &'static str,
}

macro_rules! names {
    ($($kind:ident $field:literal => $metric:literal, $help:literal;)*) => {
        &[$(Name { field: $field, metric: concat!("redis_", $metric), kind: $kind, help: $help }),*]
    };
}

/// Fields with a number.
pub(super) const NAMES: &[Name] = names! {
    Gauge "uptime_in_seconds" => "uptime_in_seconds", "Seconds since the start.";
    Gauge "process_id" => "process_id", "The process.";
    Gauge "io_threads_active" => "io_threads_active", "Whether there are several workers.";

    Gauge "connected_clients" => "connected_clients", "Clients.";
    Gauge "cluster_connections" => "cluster_connections", "Connections of the cluster bus.";
    Gauge "maxclients" => "max_clients", "Clients that may connect.";
    Gauge "blocked_clients" => "blocked_clients", "Clients that wait in a command.";
    Gauge "shm_connections" => "shm_connections", "Clients that use shared memory.";
    Gauge "shm_bytes" => "shm_bytes", "Bytes of their rings, used or not.";
    Counter "shm_broken_connections" => "shm_broken_connections_total",
        "Clients that were closed because they broke the rules of the ring.";
    Counter "shm_commands_processed" => "shm_commands_processed_total",
        "Commands of clients that use shared memory.";
    Counter "shm_client_wakeups" => "shm_client_wakeups_total", "Such clients that were woken.";
    Counter "shm_server_wakeups" => "shm_server_wakeups_total", "Wakes by such clients.";
    Gauge "tracking_clients" => "tracking_clients", "Clients whose cache is tracked.";
    Gauge "pubsub_clients" => "pubsub_clients", "Clients with a subscription.";
    Gauge "watching_clients" => "watching_clients", "Clients that watch keys.";
    Gauge "total_watched_keys" => "total_watched_keys", "Keys that are watched.";
    Gauge "total_blocking_keys" => "total_blocking_keys", "Keys that clients wait for.";
    Gauge "clients_in_timeout_table" => "clients_in_timeout_table",
        "Clients that wait for a limited time.";
    Gauge "client_recent_max_input_buffer" => "client_recent_max_input_buffer_bytes",
        "The most that a client has sent ahead.";
    Gauge "client_recent_max_output_buffer" => "client_recent_max_output_buffer_bytes",
        "The most that a client has not read.";

    Gauge "used_memory" => "memory_used_bytes", "Bytes in use.";
    Gauge "used_memory_rss" => "memory_used_rss_bytes", "Bytes that the system has given.";
    Gauge "used_memory_peak" => "memory_used_peak_bytes", "The most bytes that were in use.";
    Gauge "used_memory_overhead" => "memory_used_overhead_bytes", "Bytes that are no data.";
    Gauge "used_memory_startup" => "memory_used_startup_bytes", "Bytes in use at the start.";
    Gauge "used_memory_dataset" => "memory_used_dataset_bytes", "Bytes of the data.";
    Gauge "used_memory_lua" => "memory_used_lua_bytes", "Bytes of the script engine.";
    Gauge "used_memory_vm_total" => "memory_used_vm_total", "Bytes of the script engines.";
    Gauge "used_memory_scripts" => "memory_used_scripts_bytes", "Bytes of scripts.";
    Gauge "used_memory_functions" => "memory_used_functions_bytes", "Bytes of functions.";
    Gauge "number_of_cached_scripts" => "number_of_cached_scripts", "Scripts.";
    Gauge "number_of_functions" => "number_of_functions", "Functions.";
    Gauge "number_of_libraries" => "number_of_libraries", "Libraries of functions.";
    Gauge "maxmemory" => "memory_max_bytes", "Bytes that may be in use; 0 is no limit.";
    Gauge "total_system_memory" => "total_system_memory_bytes", "Bytes of the machine.";
    Gauge "allocator_active" => "allocator_active_bytes", "Bytes in pages in use.";
    Gauge "allocator_allocated" => "allocator_allocated_bytes", "Bytes handed out.";
    Gauge "allocator_resident" => "allocator_resident_bytes", "Bytes in resident pages.";
    Gauge "allocator_frag_ratio" => "allocator_frag_ratio", "Active to allocated.";
    Gauge "allocator_frag_bytes" => "allocator_frag_bytes", "Active above allocated.";
    Gauge "allocator_rss_ratio" => "allocator_rss_ratio", "Resident to active.";
    Gauge "allocator_rss_bytes" => "allocator_rss_bytes", "Resident above active.";
    Gauge "mem_fragmentation_ratio" => "mem_fragmentation_ratio", "Given to used.";
    Gauge "mem_fragmentation_bytes" => "mem_fragmentation_bytes", "Given above used.";
    Gauge "mem_not_counted_for_evict" => "mem_not_counted_for_eviction_bytes",
        "Bytes that do not count towards the limit.";
    Gauge "mem_clients_normal" => "mem_clients_normal", "Bytes of clients.";
    Gauge "mem_clients_slaves" => "mem_clients_slaves", "Bytes of replicas.";
    Gauge "lazyfree_pending_objects" => "lazyfree_pending_objects", "Values to be freed.";
    Counter "lazyfreed_objects" => "lazyfreed_objects_total", "Values freed.";
    Gauge "active_defrag_running" => "active_defrag_running", "Whether memory is moved.";

    Gauge "used_memory_dram" => "memory_used_dram_bytes", "Bytes in DRAM.";
    Gauge "used_memory_pmem" => "memory_used_far_bytes", "Bytes in far memory.";
    Gauge "pmem_threshold" => "tier_threshold_bytes",
        "Values of this size and larger go to far memory, as far as size decides it.";
    Gauge "tier_dram_limit" => "tier_dram_max_bytes", "Bytes of DRAM that the tiers may use.";
    Gauge "tier_far_share" => "tier_far_share", "Far memory's part of the bytes.";
    Gauge "tier_far_share_wanted" => "tier_far_share_wanted", "The part that the ratio asks for.";
    Counter "tier_dram_hits" => "tier_dram_hits_total", "Uses that found their value in DRAM.";
    Counter "tier_far_hits" => "tier_far_hits_total", "Uses that found it in far memory.";
    Counter "tier_promotions" => "tier_promotions_total", "Values moved to DRAM.";
    Counter "tier_promoted_bytes" => "tier_promoted_bytes_total", "Bytes moved to DRAM.";
    Counter "tier_demotions" => "tier_demotions_total", "Values moved to far memory.";
    Counter "tier_demoted_bytes" => "tier_demoted_bytes_total", "Bytes moved to far memory.";
    Counter "tier_far_full" => "tier_far_full_total",
        "Blocks that found far memory full and went to DRAM.";

    Gauge "loading" => "loading_dump_file", "Whether data is being loaded.";
    Gauge "async_loading" => "async_loading", "Whether data is being loaded beside the old.";
    Gauge "rdb_changes_since_last_save" => "rdb_changes_since_last_save",
        "Changes since the last snapshot.";
    Gauge "rdb_bgsave_in_progress" => "rdb_bgsave_in_progress", "Whether one is written.";
    Gauge "rdb_last_save_time" => "rdb_last_save_timestamp_seconds", "When one was written.";
    Gauge "rdb_last_bgsave_status" => "rdb_last_bgsave_status", "Whether that went well.";
    Gauge "rdb_last_bgsave_time_sec" => "rdb_last_bgsave_duration_sec", "How long it took.";
    Gauge "rdb_current_bgsave_time_sec" => "rdb_current_bgsave_duration_sec",
        "How long the present one has taken.";
    Gauge "rdb_last_cow_size" => "rdb_last_cow_size_bytes", "Bytes copied for it.";
    Gauge "aof_enabled" => "aof_enabled", "Whether changes are logged.";
    Gauge "aof_rewrite_in_progress" => "aof_rewrite_in_progress", "Whether it is rewritten.";
    Gauge "aof_rewrite_scheduled" => "aof_rewrite_scheduled", "Whether it will be.";
    Gauge "aof_last_rewrite_time_sec" => "aof_last_rewrite_duration_sec", "How long it took.";
    Gauge "aof_current_rewrite_time_sec" => "aof_current_rewrite_duration_sec",
        "How long the present one has taken.";
    Gauge "aof_last_bgrewrite_status" => "aof_last_bgrewrite_status", "Whether it went well.";
    Gauge "aof_last_write_status" => "aof_last_write_status", "Whether writing goes well.";
    Gauge "aof_last_cow_size" => "aof_last_cow_size_bytes", "Bytes copied for it.";
    Gauge "aof_current_size" => "aof_current_size_bytes", "Bytes of the log.";
    Gauge "aof_base_size" => "aof_base_size_bytes", "Bytes after the last rewrite.";

    Counter "total_connections_received" => "connections_received_total", "Connections.";
    Counter "total_commands_processed" => "commands_processed_total", "Commands.";
    Counter "rejected_connections" => "rejected_connections_total", "Connections refused.";
    Counter "total_net_input_bytes" => "net_input_bytes_total", "Bytes received.";
    Counter "total_net_output_bytes" => "net_output_bytes_total", "Bytes sent.";
    Counter "total_net_repl_input_bytes" => "net_repl_input_bytes_total",
        "Bytes received for replication.";
    Counter "total_net_repl_output_bytes" => "net_repl_output_bytes_total",
        "Bytes sent for replication.";
    Gauge "instantaneous_ops_per_sec" => "instantaneous_ops_per_sec", "Commands a second.";
    Gauge "instantaneous_input_kbps" => "instantaneous_input_kbps", "KiB received a second.";
    Gauge "instantaneous_output_kbps" => "instantaneous_output_kbps", "KiB sent a second.";
    Counter "expired_keys" => "expired_keys_total", "Keys that have expired.";
    Counter "expired_subkeys" => "expired_subkeys_total", "Fields that have expired.";
    Gauge "expired_stale_perc" => "expired_stale_percentage", "Expired and not yet removed.";
    Counter "expired_time_cap_reached_count" => "expired_time_cap_reached_total",
        "Rounds of expiry that ran out of time.";
    Gauge "expire_lag_ms" => "expire_lag_ms", "How late the last expired keys went, at worst.";
    Gauge "expire_lag_p99_ms" => "expire_lag_p99_ms", "How late 99 % of them went.";
    Counter "evicted_keys" => "evicted_keys_total", "Keys evicted for want of memory.";
    Counter "evicted_clients" => "evicted_clients_total", "Clients closed for want of memory.";
    Counter "total_eviction_exceeded_time" => "eviction_exceeded_time_ms_total",
        "Time above the limit of memory.";
    Gauge "current_eviction_exceeded_time" => "current_eviction_exceeded_time_ms",
        "Time above the limit of memory, if it is so now.";
    Counter "keyspace_hits" => "keyspace_hits_total", "Reads that found their key.";
    Counter "keyspace_misses" => "keyspace_misses_total", "Reads that did not.";
    Gauge "pubsub_channels" => "pubsub_channels", "Channels with subscribers.";
    Gauge "pubsub_patterns" => "pubsub_patterns", "Patterns with subscribers.";
    Gauge "pubsubshard_channels" => "pubsubshard_channels", "Shard channels with subscribers.";
    Gauge "latest_fork_usec" => "latest_fork_usec", "How long the last fork took.";
    Gauge "tracking_total_keys" => "tracking_total_keys", "Keys that are tracked.";
    Gauge "tracking_total_items" => "tracking_total_items", "Clients of all tracked keys.";
    Gauge "tracking_total_prefixes" => "tracking_total_prefixes", "Prefixes that are tracked.";
    Counter "total_error_replies" => "total_error_replies", "Error replies.";
    Counter "unexpected_error_replies" => "unexpected_error_replies", "Errors in the log.";
    Counter "dump_payload_sanitizations" => "dump_payload_sanitizations", "Payloads checked.";
    Counter "total_reads_processed" => "total_reads_processed", "Reads from sockets.";
    Counter "total_writes_processed" => "total_writes_processed", "Writes to sockets.";
    Counter "client_query_buffer_limit_disconnections" =>
        "client_query_buffer_limit_disconnections_total", "Clients that sent too much.";
    Counter "client_output_buffer_limit_disconnections" =>
        "client_output_buffer_limit_disconnections_total", "Clients that read too little.";
    Counter "eventloop_cycles" => "eventloop_cycles_total", "Turns of the workers.";
    Counter "eventloop_duration_sum" => "eventloop_duration_sum_usec_total", "Time in them.";
    Gauge "eventloop_duration_max" => "eventloop_duration_max_usec", "The longest of them.";
    Counter "acl_access_denied_auth" => "acl_access_denied_auth_total", "Logins refused.";
    Counter "acl_access_denied_cmd" => "acl_access_denied_cmd_total", "Commands refused.";
    Counter "acl_access_denied_key" => "acl_access_denied_key_total", "Keys refused.";
    Counter "acl_access_denied_channel" => "acl_access_denied_channel_total",
        "Channels refused.";

    Gauge "connected_slaves" => "connected_slaves", "Replicas.";
    Gauge "master_repl_offset" => "master_repl_offset", "Bytes of the replication stream.";
    Gauge "second_repl_offset" => "second_repl_offset", "Up to where the second id counts.";
    Gauge "repl_backlog_active" => "repl_backlog_is_active", "Whether there is a backlog.";
    Gauge "repl_backlog_size" => "replication_backlog_bytes", "Bytes of the backlog.";
    Gauge "repl_backlog_first_byte_offset" => "repl_backlog_first_byte_offset",
        "Where the backlog begins.";
    Gauge "repl_backlog_histlen" => "repl_backlog_history_bytes", "Bytes in the backlog.";
    Gauge "sync_table_active" => "sync_table_is_active", "Whether a sync table is being read.";
    Gauge "sync_table_readers" => "sync_table_readers", "Replicas that read it.";
    Gauge "sync_table_held_bytes" => "sync_table_held_bytes", "Bytes that wait to be read.";
    Counter "sync_table_passes" => "sync_table_passes_total", "Sync tables laid out.";
    Counter "sync_table_served" => "sync_table_served_total", "Replicas that read one whole.";
    Counter "sync_table_dropped" => "sync_table_dropped_total",
        "Replicas that were too slow for others.";
    Counter "sync_table_bytes" => "sync_table_bytes_total", "Bytes laid out, once for all readers.";
    Counter "sync_full" => "replica_resyncs_full", "Full syncs.";
    Counter "sync_partial_ok" => "replica_partial_resync_accepted", "Partial syncs.";
    Counter "sync_partial_err" => "replica_partial_resync_denied", "Partial syncs refused.";

    Counter "used_cpu_sys" => "cpu_sys_seconds_total", "Time in the kernel.";
    Counter "used_cpu_user" => "cpu_user_seconds_total", "Time in the program.";
    Counter "used_cpu_sys_children" => "cpu_sys_children_seconds_total",
        "Time of ended processes in the kernel.";
    Counter "used_cpu_user_children" => "cpu_user_children_seconds_total",
        "Time of ended processes in the program.";

    Gauge "cluster_enabled" => "cluster_enabled", "Whether it is a node of a cluster.";
    Gauge "tls_server_cert_expires_in_seconds" => "tls_server_cert_expires_in_seconds",
        "How long the server's certificate is valid.";
    Gauge "tls_client_cert_expires_in_seconds" => "tls_client_cert_expires_in_seconds",
        "How long the certificate for outgoing connections is valid.";
    Gauge "tls_ca_cert_expires_in_seconds" => "tls_ca_cert_expires_in_seconds",
        "How long the authorities are valid, the first to end.";
};
