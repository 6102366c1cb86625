//! `MEMORY HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "4.0.0",
        summary: "Shows the subcommands of MEMORY.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("DOCTOR", "What is odd about the memory, in words."),
        ("MALLOC-STATS", "The figures of the allocator."),
        ("PURGE", "Give unused memory back to the system."),
        ("STATS", "Where the memory goes."),
        (
            "USAGE <key> [SAMPLES <count>]",
            "Bytes of a key and its value, from so many elements (5; 0: all).",
        ),
    ];
    crate::help::reply(&mut ctx.reply, "MEMORY", &lines);
    Ok(())
}
