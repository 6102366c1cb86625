//! `SCRIPT SHOW sha1`: the source of a cached script.

use crate::prelude::*;

pub(super) const SHOW: Command = Command {
    spec: Spec {
        name: "show",
        arity: 3,
        flags: Flags::NOSCRIPT,
        group: Group::Scripting,
        since: "8.0.0",
        summary: "Returns the source of a cached script.",
        args: &[Arg::string("sha1")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let script = ctx.engine.scripts.script(args.at(2));
    let missing = || Error::text("NOSCRIPT No matching script. Please use EVAL.");
    ctx.reply.bulk(&script.ok_or_else(missing)?.body);
    Ok(())
}
