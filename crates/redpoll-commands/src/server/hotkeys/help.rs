//! `HOTKEYS HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "8.6.1",
        summary: "Shows the subcommands of HOTKEYS.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("GET", "The keys with the most time and the most bytes."),
        ("RESET", "Forget what was found."),
        (
            "START METRICS <count> [CPU] [NET] [COUNT <k>] [DURATION <seconds>] [SAMPLE <ratio>]",
            "Begin to track: the k heaviest keys (10), for so long (until STOP), one command in so \
             many (all).",
        ),
        ("STOP", "End the tracking and keep what was found."),
    ];
    crate::help::reply(&mut ctx.reply, "HOTKEYS", &lines);
    Ok(())
}
