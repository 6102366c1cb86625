//! INFO's section `Commandstats`: how often each command ran, and for how long.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    for (id, row) in ctx.engine.commands.rows() {
        let totals = ctx.engine.stats.command(id);
        if totals.calls + totals.rejected + totals.failed == 0 {
            continue;
        }
        let micros = totals.nanos / 1000;
        let each = totals.nanos as f64 / 1000.0 / totals.calls.max(1) as f64;
        text.field(
            &format!("cmdstat_{}", row.full_name),
            format_args!(
                "calls={},usec={micros},usec_per_call={each:.2},rejected_calls={},failed_calls={}",
                totals.calls, totals.rejected, totals.failed
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn counts_calls_refusals_and_failures() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for command in ["ECHO a", "ECHO b", "ECHO", "SELECT 99", "CLIENT ID"] {
            server.run(&mut session, command);
        }
        let info = server.run(&mut session, "INFO commandstats");
        let counts = |name: &str| {
            let prefix = format!("cmdstat_{name}:");
            let line = info.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default();
            let fields: Vec<&str> = line.split(',').collect();
            match fields[..] {
                [calls, usec, each, rejected, failed] => {
                    assert!(
                        usec.starts_with("usec=") && each.starts_with("usec_per_call="),
                        "{line}"
                    );
                    format!("{calls},{rejected},{failed}")
                }
                _ => line.to_owned(),
            }
        };
        assert_eq!(counts("echo"), "calls=2,rejected_calls=1,failed_calls=0");
        assert_eq!(counts("select"), "calls=1,rejected_calls=0,failed_calls=1");
        assert_eq!(counts("client|id"), "calls=1,rejected_calls=0,failed_calls=0");
        assert_eq!(counts("get"), "");
    }
}
