//! `SCRIPT HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Scripting,
        since: "5.0.0",
        summary: "Shows the subcommands of SCRIPT.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("DEBUG (YES|SYNC|NO)", "Choose whether scripts are debugged. There is only NO."),
        ("EXISTS <sha1> [<sha1> ...]", "Which of these scripts are cached."),
        ("FLUSH [ASYNC|SYNC]", "Forget all scripts."),
        ("KILL", "End the running script, if it has written nothing."),
        ("LOAD <script>", "Cache a script without running it; its SHA-1."),
        ("SHOW <sha1>", "The source of a cached script."),
    ];
    crate::help::reply(&mut ctx.reply, "SCRIPT", &lines);
    Ok(())
}
