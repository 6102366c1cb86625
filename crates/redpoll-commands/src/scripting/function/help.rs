//! `FUNCTION HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Shows the subcommands of FUNCTION.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("DELETE <library-name>", "Delete a library."),
        ("DUMP", "All libraries as one string."),
        ("FLUSH [ASYNC|SYNC]", "Delete all libraries."),
        ("KILL", "End the running function, if it has written nothing."),
        ("LIST [LIBRARYNAME <pattern>] [WITHCODE]", "The libraries and their functions."),
        ("LOAD [REPLACE] <function-code>", "Add a library."),
        ("RESTORE <payload> [FLUSH|APPEND|REPLACE]", "Add the libraries of a dump."),
        ("STATS", "The running function, and how many there are."),
    ];
    crate::help::reply(&mut ctx.reply, "FUNCTION", &lines);
    Ok(())
}
