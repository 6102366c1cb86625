//! INFO's section `Persistence`. There is none yet: nothing is loaded, nothing is written, and the
//! time of the last save is the server's start, as in a server without save points.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    text.zeros(&[
        "loading",
        "async_loading",
        "current_cow_peak",
        "current_cow_size",
        "current_cow_size_age",
    ]);
    text.decimal("current_fork_perc", 0.0);
    text.zeros(&["current_save_keys_processed", "current_save_keys_total"]);
    text.field("rdb_changes_since_last_save", ctx.engine.stats.dirty());
    text.zeros(&["rdb_bgsave_in_progress"]);
    text.field("rdb_last_save_time", ctx.engine.started / 1000);
    text.field("rdb_last_bgsave_status", "ok");
    text.field("rdb_last_bgsave_time_sec", -1);
    text.field("rdb_current_bgsave_time_sec", -1);
    text.zeros(&[
        "rdb_saves",
        "rdb_last_cow_size",
        "rdb_last_load_keys_expired",
        "rdb_last_load_keys_loaded",
        "aof_enabled",
        "aof_rewrite_in_progress",
        "aof_rewrite_scheduled",
    ]);
    text.field("aof_last_rewrite_time_sec", -1);
    text.field("aof_current_rewrite_time_sec", -1);
    text.field("aof_last_bgrewrite_status", "ok");
    text.zeros(&["aof_rewrites", "aof_rewrites_consecutive_failures"]);
    text.field("aof_last_write_status", "ok");
    text.zeros(&["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"]);
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
