//! INFO's section `Replication`.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_engine::replication::{Link, LinkState};
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let (replication, config) = (&ctx.engine.replication, &ctx.engine.config);
    match replication.link() {
        Some(link) => replica(text, ctx, &link),
        None => text.field("role", "master"),
    }
    replicas(text, ctx);
    tables(text, ctx);
    let (facts, offset) = (replication.facts(), replication.offset());
    let (old, until) = match &facts.previous {
        Some((old, until)) => (old.clone(), *until as i64),
        None => ("0".repeat(40), -1),
    };
    text.field("master_failover_state", replication.failover_state().name());
    text.field("master_replid", &facts.id);
    text.field("master_replid2", old);
    text.field("master_repl_offset", offset);
    text.field("second_repl_offset", until);
    text.field("repl_backlog_active", u8::from(facts.backlog.is_some()));
    text.field("repl_backlog_size", config.repl_backlog_size());
    let (first, len) = facts.backlog.unwrap_or_default();
    text.field("repl_backlog_first_byte_offset", first);
    text.field("repl_backlog_histlen", len);
}

fn replica(text: &mut Text, ctx: &Ctx<'_>, link: &Link) {
    let (config, now) = (&ctx.engine.config, ctx.keys.now());
    let up = link.is_up();
    text.field("role", "slave");
    text.field("master_host", &link.primary.host);
    text.field("master_port", link.primary.port);
    text.field("master_link_status", if up { "up" } else { "down" });
    let silent = if up { (now - link.last_heard) / 1000 } else { -1 };
    text.field("master_last_io_seconds_ago", silent);
    text.field("master_sync_in_progress", u8::from(link.state == LinkState::Sync));
    text.field("slave_read_repl_offset", ctx.engine.replication.read_offset());
    text.field("slave_repl_offset", ctx.engine.replication.offset());
    if link.state == LinkState::Sync {
        let (total, read) = (link.sync_bytes.0.unwrap_or(0), link.sync_bytes.1);
        text.field("master_sync_total_bytes", total);
        text.field("master_sync_read_bytes", read);
        // Negative where the length is not known, as in Redis.
        let left = i128::from(total) - i128::from(read);
        text.field("master_sync_left_bytes", left);
        let percent = if total > 0 { read as f64 / total as f64 * 100.0 } else { 0.0 };
        text.field("master_sync_perc", format!("{percent:.2}"));
        text.field("master_sync_last_io_seconds_ago", (now - link.sync_heard) / 1000);
    }
    table_sync(text, link, now);
    if !up {
        let since = link.down_since.map_or(-1, |since| (now - since) / 1000);
        text.field("master_link_down_since_seconds", since);
    }
    text.field("slave_priority", config.replica_priority());
    text.field("slave_read_only", u8::from(config.replica_read_only()));
    text.field("replica_announced", u8::from(config.replica_announced()));
}

/// A first sync from a table that is on its way, and how the last full sync went.
fn table_sync(text: &mut Text, link: &Link, now: i64) {
    if let Some(table) = &link.table {
        let (come, total) = table.keys;
        let seconds = (now - table.begun).max(1) as f64 / 1000.0;
        text.field("master_sync_carrier", table.carrier);
        text.field("master_sync_chunks", table.chunks);
        text.field("master_sync_keys", come);
        text.field("master_sync_total_keys", total);
        let rate = link.sync_bytes.1 as f64 / seconds;
        text.field("master_sync_bytes_per_sec", rate as u64);
        let left = match come {
            0 => -1.0,
            _ => seconds / come as f64 * total.saturating_sub(come) as f64,
        };
        text.decimal("master_sync_seconds_left", left);
    }
    if let Some(last) = &link.last_sync {
        text.field("master_last_sync_carrier", last.carrier);
        text.field("master_last_sync_bytes", last.bytes);
        text.field("master_last_sync_keys", last.keys);
        text.field("master_last_sync_seconds", format_args!("{:.3}", last.seconds));
        text.field("master_last_sync_bytes_per_sec", (last.rate() * 1e6) as u64);
    }
}

/// The sync tables that replicas read, and what tables have done.
fn tables(text: &mut Text, ctx: &Ctx<'_>) {
    let tables = &ctx.engine.replication.tables;
    let windows = tables.windows();
    text.field("sync_table_active", windows.len());
    text.field("sync_table_readers", windows.iter().map(|it| it.readers()).sum::<usize>());
    text.field("sync_table_chunks", windows.iter().map(|it| it.published()).sum::<u64>());
    text.field("sync_table_held_bytes", windows.iter().map(|it| it.held_bytes()).sum::<usize>());
    text.field("sync_table_passes", tables.passes.load(Relaxed));
    text.field("sync_table_served", tables.served.load(Relaxed));
    text.field("sync_table_dropped", tables.dropped.load(Relaxed));
    text.field("sync_table_bytes", tables.bytes.load(Relaxed));
}

fn replicas(text: &mut Text, ctx: &Ctx<'_>) {
    let (config, now) = (&ctx.engine.config, ctx.keys.now());
    let replicas = ctx.engine.replication.replicas();
    text.field("connected_slaves", replicas.len());
    let lag = config.min_replicas_max_lag();
    if config.min_replicas_to_write() > 0 && lag > 0 {
        text.field("min_slaves_good_slaves", ctx.engine.replication.near(lag, now));
    }
    for (number, replica) in replicas.iter().enumerate() {
        let lag = if replica.is_online() { (now - replica.last_heard()) / 1000 } else { 0 };
        let line = format!(
            "ip={},port={},state={},offset={},lag={lag}",
            replica.address(),
            replica.announced.port,
            replica.state(),
            replica.acknowledged()
        );
        text.field(&format!("slave{number}"), line);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn a_primary_or_a_replica() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let info = server.run(&mut session, "INFO replication");
        let expected = "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n";
        assert!(info.starts_with(expected), "{info}");
        server.run(&mut session, "REPLICAOF host 7000");
        let info = server.run(&mut session, "INFO replication");
        assert!(info.contains("role:slave\r\nmaster_host:host\r\nmaster_port:7000\r\n"), "{info}");
        assert!(info.contains("master_link_status:down\r\n"), "{info}");
        // Sentinels go by this, too.
        assert!(info.contains("master_link_down_since_seconds:-1\r\n"), "never up: {info}");
    }
}
