//! `LATENCY LATEST`: the last spike of each event, and its worst.

use crate::prelude::*;

pub(super) const LATEST: Command = Command {
    spec: Spec {
        name: "latest",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.8.13",
        summary: "Returns the last latency spike of each event.",
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let events = ctx.engine.latency.all();
    ctx.reply.array(events.len());
    for (event, series) in events {
        let (time, millis) = series.samples.back().copied().unwrap_or_default();
        ctx.reply.array(4);
        ctx.reply.bulk(event.as_bytes());
        ctx.reply.int(time);
        ctx.reply.int(i64::try_from(millis).unwrap_or(i64::MAX));
        ctx.reply.int(i64::try_from(series.max).unwrap_or(i64::MAX));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn last_and_worst() {
        let mut server = TestServer::new();
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "LATENCY LATEST"), "[]");
        for (time, millis) in [(100, 30), (101, 50), (102, 20)] {
            server.engine.latency.add("command", millis, 10, time);
        }
        server.engine.latency.add("expire-cycle", 11, 10, 99);
        let latest = server.run(&mut session, "LATENCY LATEST");
        assert_eq!(latest, "[[command 102 20 50] [expire-cycle 99 11 11]]");
        let history = server.run(&mut session, "LATENCY HISTORY command");
        assert_eq!(history, "[[100 30] [101 50] [102 20]]");
        assert_eq!(server.run(&mut session, "LATENCY HISTORY nope"), "[]");
        assert_eq!(server.run(&mut session, "LATENCY RESET nope command"), "1");
        assert_eq!(server.run(&mut session, "LATENCY RESET"), "1");
        assert_eq!(server.run(&mut session, "LATENCY RESET"), "0");
    }
}
