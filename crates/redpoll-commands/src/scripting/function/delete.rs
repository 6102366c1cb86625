//! `FUNCTION DELETE library`.

use crate::prelude::*;

pub(super) const DELETE: Command = Command {
    spec: Spec {
        name: "delete",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::WRITE),
        // Libraries belong to snapshots, whose place in the change log is exact.
        locks: Locks::All,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Deletes a library with its functions.",
        args: &[Arg::string("library-name")],
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if !ctx.engine.scripts.delete_library(args.at(2)) {
        return Err(Error::text("ERR Library not found"));
    }
    ctx.keys.effects.dirty += 1;
    ctx.reply.ok();
    Ok(())
}
