//! `COMMAND HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "5.0.0",
        summary: "Shows the subcommands of COMMAND.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("(no subcommand)", "Describe all commands."),
        ("COUNT", "The number of commands."),
        ("DOCS [<command> ...]", "The documentation of commands, or of all."),
        ("GETKEYS <command> [<argument> ...]", "The keys of a command."),
        ("GETKEYSANDFLAGS <command> [<argument> ...]", "The keys, and what happens to them."),
        ("INFO [<command> ...]", "Describe commands, or all."),
        ("LIST [FILTERBY (MODULE|ACLCAT|PATTERN) <value>]", "The names of commands."),
    ];
    crate::help::reply(&mut ctx.reply, "COMMAND", &lines);
    Ok(())
}
