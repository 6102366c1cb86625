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
        ("DELUSER <username> [<username> ...]", "Remove users and close their connections."),
        ("DRYRUN <username> <command> [<arg> ...]", "Whether a user may run a command."),
        ("GENPASS [<bits>]", "Draw a password of 256 bits, or of as many as you say."),
        ("GETUSER <username>", "What a user may do, in parts."),
        ("LIST", "The users as the ACL file has them."),
        ("LOAD", "Take the users of the ACL file, all or none."),
        ("LOG [<count> | RESET]", "What was refused, newest first; or forget it."),
        ("SAVE", "Write the users to the ACL file."),
        ("SETUSER <username> [<rule> ...]", "Make a user, or change what one may do."),
        ("USERS", "The names of the users."),
        ("WHOAMI", "The user of this connection."),
    ];
    crate::help::reply(&mut ctx.reply, "ACL", &lines);
    Ok(())
}
