//! `CLIENT UNPAUSE`: end a CLIENT PAUSE.

use crate::prelude::*;

pub(super) const UNPAUSE: Command = Command {
    spec: Spec {
        name: "unpause",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "6.2.0",
        summary: "Ends CLIENT PAUSE.",
        complexity: "O(N), N being the clients that wait",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.engine.pause.unpause();
    ctx.engine.expire_or_not(ctx.keys.now());
    ctx.reply.ok();
    Ok(())
}
