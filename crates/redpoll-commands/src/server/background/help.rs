//! `BACKGROUND HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "8.0.0",
        summary: "Shows the subcommands of BACKGROUND.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("KILL <id>", "End a task; its client gets an error."),
        ("LIST", "The tasks that run or wait: what each is, for whom, and how far it has come."),
    ];
    crate::help::reply(&mut ctx.reply, "BACKGROUND", &lines);
    Ok(())
}
