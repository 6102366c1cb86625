//! INFO's section `Latencystats`: how long each command took, at the configured percentiles.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let config = &ctx.engine.config;
    if !config.latency_tracking() {
        return;
    }
    let percentiles = config.latency_tracking_info_percentiles();
    for (id, row) in ctx.engine.commands.rows() {
        let totals = ctx.engine.stats.command(id);
        if totals.calls == 0 {
            continue;
        }
        let show = |percent: &f64| {
            let micros = totals.percentile(*percent) as f64 / 1000.0;
            format!("p{percent}={micros:.3}")
        };
        let all: Vec<String> = percentiles.iter().map(show).collect();
        text.field(&format!("latency_percentiles_usec_{}", row.full_name), all.join(","));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn shows_percentiles() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "PING");
        let info = server.run(&mut session, "INFO latencystats");
        assert!(info.contains("latency_percentiles_usec_ping:p50="), "{info}");
        assert!(info.contains(",p99=") && info.contains(",p99.9="), "{info}");
        server.run(&mut session, "CONFIG SET latency-tracking no");
        assert_eq!(server.run(&mut session, "INFO latencystats"), "# Latencystats\r\n");
    }
}
