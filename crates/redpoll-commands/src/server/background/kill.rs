//! `BACKGROUND KILL id`: end a command that runs in the background.

use crate::prelude::*;

pub(super) const KILL: Command = Command {
    spec: Spec {
        name: "kill",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "8.0.0",
        summary: "Ends a command that runs in the background.",
        args: &[Arg::integer("id")],
        complexity: "O(log N), N being the tasks",
        ..Spec::EMPTY
    },
    run,
};

/// The task ends when it next looks, which is within a millisecond or so; nothing of what it was to
/// store is there then.
fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let id = u64::try_from(parse::int(args.at(2))?).unwrap_or(0);
    if !ctx.engine.background.kill(id) {
        return Err(Error::text("ERR No such task"));
    }
    ctx.reply.ok();
    Ok(())
}
