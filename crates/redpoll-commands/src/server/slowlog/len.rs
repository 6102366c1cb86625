//! `SLOWLOG LEN`: the number of entries.

use crate::prelude::*;

pub(super) const LEN: Command = Command {
    spec: Spec {
        name: "len",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.2.12",
        summary: "Returns the number of entries in the slow log.",
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.reply.count(ctx.engine.slowlog.len());
    Ok(())
}
