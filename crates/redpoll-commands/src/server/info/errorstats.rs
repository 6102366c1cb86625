//! INFO's section `Errorstats`: error replies by their code words.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    for (code, count) in ctx.engine.stats.errors() {
        text.field(&format!("errorstat_{}", safe(&code)), format_args!("count={count}"));
    }
}

/// A code without the characters that have a meaning in INFO.
fn safe(code: &str) -> String {
    code.replace(['#', ':', '\n', '\r'], "_")
}

#[cfg(test)]
mod tests {
    use super::safe;
    use crate::testing::TestServer;

    #[test]
    fn counts_waits_that_end() {
        let mut server = TestServer::new();
        let (mut waiting, mut other) = (server.client(), server.client());
        assert_eq!(server.run(&mut waiting, "BLPOP k 0"), "");
        let commands = server.run(&mut other, "INFO commandstats");
        assert!(!commands.contains("cmdstat_blpop"), "{commands}");
        assert!(server.executor.give_up(&mut waiting, true, &mut Vec::new()));
        let errors = server.run(&mut other, "INFO errorstats");
        assert!(errors.contains("errorstat_UNBLOCKED:count=1\r\n"), "{errors}");
        server.run(&mut waiting, "BLPOP k 0");
        server.run(&mut other, "RPUSH k v");
        let commands = server.run(&mut other, "INFO commandstats");
        let line = commands.lines().find(|line| line.starts_with("cmdstat_blpop:calls=2,"));
        let line = line.unwrap_or_default();
        assert!(line.ends_with(",rejected_calls=0,failed_calls=1"), "{commands}");
    }

    #[test]
    fn counts_by_code() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for command in ["NOPE", "SELECT x", "AUTH nobody x"] {
            server.run(&mut session, command);
        }
        let info = server.run(&mut session, "INFO errorstats");
        let expected = "# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_WRONGPASS:count=1\r\n";
        assert_eq!(info, expected);
        assert_eq!(safe("a:b#c"), "a_b_c");
    }
}
