//! `SLOWLOG RESET`: forget all entries.

use crate::prelude::*;

pub(super) const RESET: Command = Command {
    spec: Spec {
        name: "reset",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.2.12",
        summary: "Empties the slow log.",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        complexity: "O(N), N being the entries",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.engine.slowlog.reset();
    ctx.reply.ok();
    Ok(())
}
