//! `SCRIPT DEBUG YES|SYNC|NO`: there is no debugger; NO is what it says.

use crate::prelude::*;

pub(super) const DEBUG: Command = Command {
    spec: Spec {
        name: "debug",
        arity: 3,
        flags: Flags::NOSCRIPT,
        group: Group::Scripting,
        since: "3.2.0",
        summary: "Chooses whether the scripts that follow are debugged.",
        args: &[Arg::one_of(
            "mode",
            &[Arg::flag("yes", "YES"), Arg::flag("sync", "SYNC"), Arg::flag("no", "NO")],
        )],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    match args.at(2) {
        mode if parse::is(mode, "no") => ctx.reply.ok(),
        mode if parse::is(mode, "yes") || parse::is(mode, "sync") => {
            return Err(Error::text("ERR this server has no debugger for scripts"));
        }
        _ => return Err(Error::text("ERR Use SCRIPT DEBUG YES/SYNC/NO")),
    }
    Ok(())
}
