//! `LATENCY HISTORY event`: the spikes of an event, the oldest first.

use crate::prelude::*;

pub(super) const HISTORY: Command = Command {
    spec: Spec {
        name: "history",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.8.13",
        summary: "Returns the latency spikes of an event.",
        args: &[Arg::string("event")],
        tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let series = ctx.engine.latency.series(&String::from_utf8_lossy(args.at(2)));
    let samples = series.unwrap_or_default().samples;
    ctx.reply.array(samples.len());
    for (time, millis) in samples {
        ctx.reply.array(2);
        ctx.reply.int(time);
        ctx.reply.int(i64::try_from(millis).unwrap_or(i64::MAX));
    }
    Ok(())
}
