//! INFO's section `Persistence`: snapshots and the append-only file.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    text.field("loading", u8::from(ctx.engine.is_loading()));
    text.field("async_loading", u8::from(ctx.engine.is_loading_beside()));
    let zeros = ["current_cow_peak", "current_cow_size", "current_cow_size_age"];
    text.zeros(&zeros);
    let progress = &ctx.engine.persistence.progress;
    let of_save = |count: &AtomicU64| if ctx.engine.is_saving() { count.load(Relaxed) } else { 0 };
    let (keys, total) = (of_save(&progress.keys), of_save(&progress.total));
    text.decimal("current_fork_perc", 100.0 * keys as f64 / total.max(1) as f64);
    text.field("current_save_keys_processed", keys);
    text.field("current_save_keys_total", total);
    text.field("rdb_changes_since_last_save", ctx.engine.stats.dirty());
    let (status, saving) = (ctx.engine.persistence.status(), ctx.engine.is_saving());
    // A snapshot for replicas is one, too.
    let syncing = ctx.engine.replication.replicas().iter().any(|replica| replica.is_being_sent());
    text.field("rdb_bgsave_in_progress", u8::from(saving || syncing));
    text.field("rdb_last_save_time", status.saved_at / 1000);
    text.field("rdb_last_bgsave_status", if status.told_failed { "err" } else { "ok" });
    text.field("rdb_last_bgsave_time_sec", status.took_seconds.unwrap_or(-1));
    let since = (ctx.keys.now() - status.tried_at).max(0) / 1000;
    text.field("rdb_current_bgsave_time_sec", if saving { since } else { -1 });
    text.field("rdb_saves", status.saves);
    text.field("rdb_last_cow_size", progress.captured.load(Relaxed));
    text.field("rdb_last_load_keys_expired", status.loaded_expired);
    text.field("rdb_last_load_keys_loaded", status.loaded);
    write_log(text, ctx);
    if ctx.engine.is_loading() || ctx.engine.is_loading_beside() {
        write_progress(text, ctx);
    }
}

/// How far loading has come.
fn write_progress(text: &mut Text, ctx: &Ctx<'_>) {
    let progress = &ctx.engine.persistence.load_progress;
    let (total, passed) = progress.bytes();
    text.field("loading_start_time", progress.begun() / 1000);
    text.field("loading_total_bytes", total);
    text.field("loading_rdb_used_mem", progress.used_memory());
    text.field("loading_loaded_bytes", passed);
    text.decimal("loading_loaded_perc", passed as f64 * 100.0 / total.max(1) as f64);
    text.field("loading_eta_seconds", progress.seconds_left(ctx.keys.now()));
}

/// The append-only file.
fn write_log(text: &mut Text, ctx: &Ctx<'_>) {
    let aof = &ctx.engine.persistence.aof;
    let (status, rewriting) = (aof.status(), aof.is_rewriting());
    text.field("aof_enabled", u8::from(aof.is_enabled()));
    text.field("aof_rewrite_in_progress", u8::from(rewriting));
    text.zeros(&["aof_rewrite_scheduled"]);
    text.field("aof_last_rewrite_time_sec", status.rewrite_seconds.unwrap_or(-1));
    let since = (ctx.keys.now() - status.rewrite_begun).max(0) / 1000;
    text.field("aof_current_rewrite_time_sec", if rewriting { since } else { -1 });
    text.field("aof_last_bgrewrite_status", if status.rewrite_failed { "err" } else { "ok" });
    text.field("aof_rewrites", status.rewrites);
    text.field("aof_rewrites_consecutive_failures", status.failures);
    text.field("aof_last_write_status", if status.error.is_some() { "err" } else { "ok" });
    text.zeros(&["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"]);
    if aof.is_enabled() {
        text.field("aof_current_size", aof.size.load(Relaxed));
        text.field("aof_base_size", status.base_size);
        text.zeros(&["aof_pending_rewrite"]);
        text.field("aof_buffer_length", aof.buffered.load(Relaxed));
        text.zeros(&["aof_pending_bio_fsync"]);
        text.field("aof_delayed_fsync", status.slow_flushes);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn counts_changes() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "SET a 1");
        server.run(&mut session, "SET b 1");
        let info = server.run(&mut session, "INFO persistence");
        assert!(info.contains("rdb_changes_since_last_save:2\r\n"), "{info}");
        assert_eq!(info.lines().count(), 31);
    }
}
