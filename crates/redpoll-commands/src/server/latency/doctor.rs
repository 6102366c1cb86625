//! `LATENCY DOCTOR`: what the spikes mean, in words.

use crate::prelude::*;
use redpoll_engine::latency::Series;

pub(super) const DOCTOR: Command = Command {
    spec: Spec {
        name: "doctor",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.8.13",
        summary: "Explains the latency spikes that were seen.",
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let events = ctx.engine.latency.all();
    let threshold = ctx.engine.settings().latency_threshold_ms;
    let report = report(&events, threshold, ctx.engine.settings().slowlog_micros);
    ctx.reply.verbatim("txt", report.as_bytes());
    Ok(())
}

fn report(events: &[(&str, Series)], threshold_ms: u64, slowlog_micros: i64) -> String {
    if events.is_empty() && threshold_ms == 0 {
        return "Latency is not watched. CONFIG SET latency-monitor-threshold <milliseconds> makes \
                the server note whatever takes that long.\n"
            .to_owned();
    }
    if events.is_empty() {
        return format!("Nothing has taken {threshold_ms} ms or longer yet.\n");
    }
    let mut text = "Latency spikes have been seen:\n\n".to_owned();
    for (number, (event, series)) in events.iter().enumerate() {
        text.push_str(&format!("{}. {event}: {}\n", number + 1, describe(series)));
    }
    text.push('\n');
    if events.iter().any(|(event, _)| *event == "command") {
        text.push_str(match slowlog_micros {
            ..0 => {
                " * Commands were slow, and SLOWLOG is off: CONFIG SET slowlog-log-slower-than \
                 10000 makes it tell which.\n"
            }
            _ => " * Commands were slow: SLOWLOG GET tells which.\n",
        });
    }
    text.push_str(
        " * A machine that is short of processor time, or swaps, makes everything slow: compare \
         with redis-cli --intrinsic-latency.\n",
    );
    text
}

/// Number, mean, mean deviation and rhythm of the spikes.
fn describe(series: &Series) -> String {
    let count = series.samples.len().max(1) as f64;
    let mean = series.samples.iter().map(|(_, millis)| *millis as f64).sum::<f64>() / count;
    let distance = |(_, millis): &(i64, u64)| (*millis as f64 - mean).abs();
    let deviation = series.samples.iter().map(distance).sum::<f64>() / count;
    let time = |sample: Option<&(i64, u64)>| sample.map_or(0, |(time, _)| *time);
    let period = time(series.samples.back()) - time(series.samples.front());
    format!(
        "{} spikes, {mean:.0} ms on average (mean deviation {deviation:.0} ms), one every {:.2} s; \
         the worst ever took {} ms.",
        series.samples.len(),
        period as f64 / count,
        series.max
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;

    #[test]
    fn explains() {
        assert!(report(&[], 0, 0).contains("is not watched"));
        assert!(report(&[], 50, 0).contains("has taken 50 ms"));
        let mut series = Series { max: 90, ..Series::default() };
        series.samples.extend([(100, 20), (110, 40)]);
        let text = "2 spikes, 30 ms on average (mean deviation 10 ms), one every 5.00 s; the worst \
                    ever took 90 ms.";
        assert_eq!(describe(&series), text);
        let events = [("command", series)];
        assert!(report(&events, 10, 10_000).contains("SLOWLOG GET tells"));
        assert!(report(&events, 10, -1).contains("SLOWLOG is off"));
        let mut server = TestServer::new();
        let mut session = server.client();
        assert!(server.run(&mut session, "LATENCY DOCTOR").contains("is not watched"));
    }
}
