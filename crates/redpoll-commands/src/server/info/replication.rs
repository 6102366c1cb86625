//! INFO's section `Replication`: a primary without replicas.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    text.field("role", "master");
    text.zeros(&["connected_slaves"]);
    text.field("master_failover_state", "no-failover");
    text.field("master_replid", &ctx.engine.process.run_id);
    text.field("master_replid2", "0".repeat(40));
    text.zeros(&["master_repl_offset"]);
    text.field("second_repl_offset", -1);
    text.zeros(&["repl_backlog_active"]);
    text.field("repl_backlog_size", ctx.engine.config.repl_backlog_size());
    text.zeros(&["repl_backlog_first_byte_offset", "repl_backlog_histlen"]);
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn is_a_primary() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let info = server.run(&mut session, "INFO replication");
        let expected = "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n";
        assert!(info.starts_with(expected), "{info}");
    }
}
