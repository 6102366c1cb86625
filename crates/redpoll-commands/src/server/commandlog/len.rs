//! `COMMANDLOG LEN type`: the number of entries of a log.

use super::{TYPE, log};
use crate::prelude::*;

pub(super) const LEN: Command = Command {
    spec: Spec {
        name: "len",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "8.1.0",
        summary: "Returns the number of entries in a log of commands.",
        args: &[TYPE],
        tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let len = log(ctx, args.at(2))?.len();
    ctx.reply.count(len);
    Ok(())
}
