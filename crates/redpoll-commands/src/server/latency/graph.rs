//! `LATENCY GRAPH event`: the spikes of an event as bars.

use crate::prelude::*;
use redpoll_engine::latency::Series;

/// The most bars; the newest spikes are shown.
const BARS_MAX: usize = 40;
/// The length of the longest bar.
const BAR: u64 = 50;

pub(super) const GRAPH: Command = Command {
    spec: Spec {
        name: "graph",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.8.13",
        summary: "Draws the latency spikes of an event.",
        args: &[Arg::string("event")],
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let event = String::from_utf8_lossy(args.at(2));
    let series = ctx.engine.latency.series(&event).filter(|series| !series.samples.is_empty());
    let Some(series) = series else {
        return Err(Error::text(format!("ERR No samples available for event '{event}'")));
    };
    let text = draw(&event, &series, ctx.keys.now() / 1000);
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn draw(event: &str, series: &Series, now: i64) -> String {
    let newest = series.samples.len().saturating_sub(BARS_MAX);
    let shown = || series.samples.iter().skip(newest);
    let high = shown().map(|(_, millis)| *millis).max().unwrap_or(0);
    let low = shown().map(|(_, millis)| *millis).min().unwrap_or(0);
    let ever = series.max;
    let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {ever} ms)\n");
    for (time, millis) in shown() {
        let length = (millis * BAR).checked_div(high).unwrap_or(0).max(1) as usize;
        let (ago, bar) = (age(now - time), "#".repeat(length));
        text.push_str(&format!("{ago:>4} ago {bar} {millis}\n"));
    }
    text
}

/// A time for people, in its largest unit.
fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ ..3600 => format!("{}m", seconds / 60),
        seconds @ ..86400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;

    #[test]
    fn bars_are_in_proportion() {
        let mut series = Series { max: 900, ..Series::default() };
        series.samples.extend([(1000, 100), (90_000, 50), (100_000, 1)]);
        let expected = [
            "command - high 100 ms, low 1 ms (all time high 900 ms)".to_owned(),
            format!("  1d ago {} 100", "#".repeat(50)),
            format!("  2h ago {} 50", "#".repeat(25)),
            "  0s ago # 1\n".to_owned(),
        ];
        assert_eq!(draw("command", &series, 100_000), expected.join("\n"));
    }

    #[test]
    fn needs_samples() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let none = server.run(&mut session, "LATENCY GRAPH command");
        assert_eq!(none, "ERR No samples available for event 'command'");
        server.engine.latency.add("command", 20, 10, server.now / 1000 - 70);
        let graph = server.run(&mut session, "LATENCY GRAPH command");
        assert!(graph.contains("  1m ago #"), "{graph}");
    }
}
