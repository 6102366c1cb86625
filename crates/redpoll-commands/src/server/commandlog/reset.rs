//! `COMMANDLOG RESET type`: forget the entries of a log.

use super::{TYPE, log};
use crate::prelude::*;

pub(super) const RESET: Command = Command {
    spec: Spec {
        name: "reset",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "8.1.0",
        summary: "Forgets all entries of a log of commands.",
        args: &[TYPE],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        complexity: "O(N), N being the entries",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    log(ctx, args.at(2))?.reset();
    ctx.reply.ok();
    Ok(())
}
