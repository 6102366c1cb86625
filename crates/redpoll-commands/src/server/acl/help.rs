//! `ACL HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Shows the subcommands of ACL.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("CAT [<category>]", "The categories of commands, or the commands of one."),
        ("USERS", "The names of the users."),
        ("WHOAMI", "The user of this connection."),
    ];
    crate::help::reply(&mut ctx.reply, "ACL", &lines);
    Ok(())
}
