//! `COMMANDLOG HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "8.1.0",
        summary: "Shows the subcommands of COMMANDLOG.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        (
            "GET <count> <type>",
            "The newest entries (-1: all): number, time, microseconds (slow) or bytes \
             (large-request, large-reply), words, client, name.",
        ),
        ("LEN <type>", "The number of entries."),
        ("RESET <type>", "Forget all entries."),
    ];
    crate::help::reply(&mut ctx.reply, "COMMANDLOG", &lines);
    Ok(())
}
