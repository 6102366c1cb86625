//! `COMMANDLOG GET count type`: the newest entries of a log.

use super::{TYPE, log};
use crate::prelude::*;
use crate::server::slowlog::get::{read_count, write_all};

pub(super) const GET: Command = Command {
    spec: Spec {
        name: "get",
        arity: 4,
        flags: Flags::ADMIN.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "8.1.0",
        summary: "Returns the newest entries of a log of commands.",
        args: &[Arg::integer("count"), TYPE],
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        complexity: "O(N), N being the entries",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let count = read_count(args.at(2))?;
    let entries = log(ctx, args.at(3))?.newest(count);
    write_all(&mut ctx.reply, &entries);
    Ok(())
}
