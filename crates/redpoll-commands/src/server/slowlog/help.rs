//! `SLOWLOG HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "6.2.0",
        summary: "Shows the subcommands of SLOWLOG.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        (
            "GET [<count>]",
            "The newest entries (10; -1: all): number, time, microseconds, words, client, name.",
        ),
        ("LEN", "The number of entries."),
        ("RESET", "Forget all entries."),
    ];
    crate::help::reply(&mut ctx.reply, "SLOWLOG", &lines);
    Ok(())
}
