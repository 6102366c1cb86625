//! `LATENCY RESET [event ...]`: forget the spikes of the events, or of all.

use crate::prelude::*;

pub(super) const RESET: Command = Command {
    spec: Spec {
        name: "reset",
        arity: -2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.8.13",
        summary: "Forgets the latency spikes of events, or of all.",
        args: &[Arg::string("event").optional().multiple()],
        tips: &["request_policy:all_nodes", "response_policy:agg_sum"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let events: Vec<_> = args.iter_from(2).map(String::from_utf8_lossy).collect();
    let events: Vec<&str> = events.iter().map(|event| &**event).collect();
    ctx.reply.count(ctx.engine.latency.reset(&events));
    Ok(())
}
