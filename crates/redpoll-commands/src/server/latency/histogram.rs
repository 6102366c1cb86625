//! `LATENCY HISTOGRAM [command ...]`: how many calls took how long, by powers of two.

use crate::prelude::*;
use redpoll_engine::stats::{CommandTotals, Histogram};

/// The first bound in nanoseconds; each next one is twice as large.
const FIRST_BOUND: u64 = 1024;

pub(super) const HISTOGRAM: Command = Command {
    spec: Spec {
        name: "histogram",
        arity: -2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "7.0.0",
        summary: "Returns how many calls of commands took how long.",
        args: &[Arg::string("COMMAND").optional().multiple()],
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        complexity: "O(N), N being the commands",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let found: Vec<(usize, CommandTotals)> = asked(ctx, args)
        .into_iter()
        .map(|id| (id, ctx.engine.stats.command(id)))
        .filter(|(_, totals)| totals.calls > 0)
        .collect();
    ctx.reply.map(found.len());
    for (id, totals) in found {
        let bounds = cumulative(&totals.latencies);
        ctx.reply.bulk(ctx.engine.commands.row(id).full_name.as_bytes());
        ctx.reply.map(2);
        ctx.reply.bulk(b"calls");
        ctx.reply.int(i64::try_from(totals.calls).unwrap_or(i64::MAX));
        ctx.reply.bulk(b"histogram_usec");
        ctx.reply.map(bounds.len());
        for (bound, calls) in bounds {
            ctx.reply.int(i64::try_from(bound / 1000).unwrap_or(i64::MAX));
            ctx.reply.int(i64::try_from(calls).unwrap_or(i64::MAX));
        }
    }
    Ok(())
}

/// The numbers of the commands that are asked for; a container stands for its subcommands too.
fn asked(ctx: &Ctx<'_>, args: Args<'_>) -> Vec<usize> {
    let commands = &ctx.engine.commands;
    if args.len() == 2 {
        return commands.rows().map(|(id, _)| id).collect();
    }
    let mut found = Vec::new();
    for id in args.iter_from(2).filter_map(|name| commands.find_full(name)) {
        found.push(id);
        found.extend(commands.rows().filter(|(_, row)| row.parent == Some(id)).map(|(sub, _)| sub));
    }
    found
}

/// For each bound that has more calls below it than the one before: the bound in nanoseconds, and
/// the calls that took no longer.
fn cumulative(buckets: &[u64]) -> Vec<(u64, u64)> {
    let mut bounds = Vec::new();
    let (mut bound, mut calls) = (FIRST_BOUND, 0);
    for (bucket, count) in buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
        while Histogram::upper_bound(bucket) >= bound {
            bound = bound.saturating_mul(2);
        }
        calls += count;
        match bounds.last_mut() {
            Some((last, total)) if *last == bound => *total = calls,
            _ => bounds.push((bound, calls)),
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;
    use redpoll_engine::stats::Stats;

    #[test]
    fn counts_add_up() {
        let stats = Stats::default();
        let thread = stats.add_thread(1);
        for nanos in [1, 500, 1000, 1500, 5_000_000, 5_000_000] {
            thread.commands[0].called(1, nanos);
        }
        let buckets = stats.command(0).latencies;
        assert_eq!(cumulative(&buckets), [(1024, 3), (2048, 4), (1024 << 13, 6)]);
        assert_eq!(cumulative(&[]), []);
    }

    #[test]
    fn shows_what_ran() {
        let mut server = TestServer::new();
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "LATENCY HISTOGRAM"), "[]");
        server.run(&mut session, "CONFIG GET x");
        server.run(&mut session, "CONFIG RESETSTAT");
        server.run(&mut session, "HELLO 3");
        server.run(&mut session, "CONFIG GET x");
        server.run(&mut session, "PING");
        let some = server.run(&mut session, "LATENCY HISTOGRAM config nope ping");
        assert!(some.starts_with("{config|get {calls 1 histogram_usec {"), "{some}");
        assert!(some.contains(" ping {calls 1 histogram_usec {"), "{some}");
        assert_eq!(server.run(&mut session, "LATENCY HISTOGRAM get"), "{}");
    }
}
