//! INFO's section `Stats`: what has happened since the start, or since CONFIG RESETSTAT.
//!
//! The event loop's figures are sums over the workers. Beside them stand two that Redis does not
//! have: how late expired keys go, and the longest turn of a worker, which is what a client may
//! have had to wait for others.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_engine::acl::Reason;
use redpoll_engine::pubsub::Kind;
use redpoll_keyspace::clock;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    traffic(text, ctx);
    let stats = &ctx.engine.stats;
    let syncs = &ctx.engine.replication.syncs;
    for (name, count) in ["sync_full", "sync_partial_ok", "sync_partial_err"].iter().zip(syncs) {
        text.field(name, count.load(Relaxed));
    }
    text.field("expired_keys", stats.sum(|thread| &thread.expired));
    text.decimal("expired_stale_perc", 0.0);
    text.zeros(&["expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds"]);
    text.field("expire_lag_ms", stats.expire_lag_ms.load(Relaxed));
    text.field("expire_lag_p99_ms", stats.expire_lag.percentile(99.0) / 1_000_000);
    let now = clock::now_ms();
    text.field("evicted_keys", stats.sum(|thread| &thread.evicted));
    text.field("evicted_clients", stats.evicted_clients.load(Relaxed));
    text.field("total_eviction_exceeded_time", ctx.engine.excess.total(now));
    text.field("current_eviction_exceeded_time", ctx.engine.excess.current(now));
    text.field("keyspace_hits", stats.sum(|thread| &thread.hits));
    text.field("keyspace_misses", stats.sum(|thread| &thread.misses));
    let pubsub = &ctx.engine.pubsub;
    text.field("pubsub_channels", pubsub.name_count(Kind::Channel));
    text.field("pubsub_patterns", pubsub.name_count(Kind::Pattern));
    text.field("pubsubshard_channels", pubsub.name_count(Kind::Shard));
    never(text, ctx);
    text.field("total_error_replies", stats.sum(|thread| &thread.errors));
    text.zeros(&["dump_payload_sanitizations"]);
    text.field("total_reads_processed", stats.sum(|thread| &thread.reads));
    text.field("total_writes_processed", stats.sum(|thread| &thread.writes));
    text.zeros(&["io_threaded_reads_processed", "io_threaded_writes_processed"]);
    text.field(
        "client_query_buffer_limit_disconnections",
        stats.query_limit_disconnects.load(Relaxed),
    );
    text.field(
        "client_output_buffer_limit_disconnections",
        stats.output_limit_disconnects.load(Relaxed),
    );
    text.zeros(&["reply_buffer_shrinks", "reply_buffer_expands"]);
    text.field("eventloop_cycles", stats.sum(|thread| &thread.turns));
    text.field("eventloop_duration_sum", stats.sum(|thread| &thread.turn_micros));
    text.field("eventloop_duration_cmd_sum", stats.command_nanos() / 1000);
    text.field("eventloop_duration_max", stats.max(|thread| &thread.longest_turn_micros));
    let rates = ctx.engine.rates.per_second();
    text.field("instantaneous_eventloop_cycles_per_sec", rates.turns);
    let each = rates.turn_micros.checked_div(rates.turns).unwrap_or(0);
    text.field("instantaneous_eventloop_duration_usec", each);
    denials(text, ctx);
}

/// What users were refused. That of databases is Valkey's.
fn denials(text: &mut Text, ctx: &Ctx<'_>) {
    for (name, reason) in [
        ("acl_access_denied_auth", Reason::Auth),
        ("acl_access_denied_cmd", Reason::Command),
        ("acl_access_denied_key", Reason::Key),
        ("acl_access_denied_channel", Reason::Channel),
        ("acl_access_denied_db", Reason::Database),
    ] {
        text.field(name, ctx.engine.users.denied(reason));
    }
}

fn traffic(text: &mut Text, ctx: &Ctx<'_>) {
    let (stats, rates) = (&ctx.engine.stats, ctx.engine.rates.per_second());
    text.field("total_connections_received", stats.connections.load(Relaxed));
    text.field("total_commands_processed", stats.sum(|thread| &thread.executed));
    text.field("instantaneous_ops_per_sec", rates.commands);
    text.field("total_net_input_bytes", ctx.engine.bytes_in());
    text.field("total_net_output_bytes", stats.sum(|thread| &thread.bytes_out));
    let [from_primary, to_replicas] = &ctx.engine.replication.traffic;
    text.field("total_net_repl_input_bytes", from_primary.load(Relaxed));
    text.field("total_net_repl_output_bytes", to_replicas.load(Relaxed));
    for (name, bytes) in [
        ("instantaneous_input_kbps", rates.bytes_in),
        ("instantaneous_output_kbps", rates.bytes_out),
        ("instantaneous_input_repl_kbps", rates.from_primary),
        ("instantaneous_output_repl_kbps", rates.to_replicas),
    ] {
        text.decimal(name, bytes as f64 / 1024.0);
    }
    text.field("rejected_connections", stats.rejected_connections.load(Relaxed));
}

/// What does not happen in this server (forks, defragmentation), and tracking; and the sockets of
/// MIGRATE, which stand among them.
fn never(text: &mut Text, ctx: &Ctx<'_>) {
    text.zeros(&["latest_fork_usec", "total_forks"]);
    text.field("migrate_cached_sockets", ctx.engine.stats.migrate_sockets.load(Relaxed));
    text.zeros(&[
        "slave_expires_tracked_keys",
        "active_defrag_hits",
        "active_defrag_misses",
        "active_defrag_key_hits",
        "active_defrag_key_misses",
        "total_active_defrag_time",
        "current_active_defrag_time",
    ]);
    let (keys, items) = ctx.engine.keyspace.read_counts();
    text.field("tracking_total_keys", keys);
    text.field("tracking_total_items", items);
    text.field("tracking_total_prefixes", ctx.engine.tracking.prefix_count());
    text.field("unexpected_error_replies", ctx.engine.stats.unexpected_errors.load(Relaxed));
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn counts_what_happens() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for command in ["SET k v", "GET k", "GET nope", "NOPE"] {
            server.run(&mut session, command);
        }
        let info = server.run(&mut session, "INFO stats");
        for field in [
            "total_commands_processed:4",
            "keyspace_hits:1",
            "keyspace_misses:1",
            "total_error_replies:1",
            "pubsub_channels:0",
        ] {
            assert!(info.contains(&format!("\r\n{field}\r\n")), "{field}: {info}");
        }
    }
}
