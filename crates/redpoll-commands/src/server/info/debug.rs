//! INFO's section `Debug`: where the time of the threads goes. Shown only if it is named.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let stats = &ctx.engine.stats;
    // No event loop waits for the append-only file.
    text.zeros(&["eventloop_duration_aof_sum"]);
    text.field("eventloop_duration_cron_sum", stats.sum(|thread| &thread.timer_micros));
    text.field("eventloop_duration_max", stats.max(|thread| &thread.longest_turn_micros));
    text.field("eventloop_cmd_per_cycle_max", stats.max(|thread| &thread.most_in_turn));
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn is_shown_by_its_name_only() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let named = server.run(&mut session, "INFO debug");
        assert!(named.starts_with("# Debug\r\neventloop_duration_aof_sum:0\r\n"), "{named}");
        for line in ["INFO", "INFO all", "INFO everything"] {
            assert!(!server.run(&mut session, line).contains("eventloop_duration_aof_sum"));
        }
    }
}
