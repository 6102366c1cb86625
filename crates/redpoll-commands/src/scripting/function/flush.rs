//! `FUNCTION FLUSH [ASYNC|SYNC]`: delete all libraries.

use crate::prelude::*;

pub(super) const FLUSH: Command = Command {
    spec: Spec {
        name: "flush",
        arity: -2,
        flags: Flags::NOSCRIPT.with(Flags::WRITE),
        // Libraries belong to snapshots, whose place in the change log is exact.
        locks: Locks::All,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Deletes all libraries.",
        complexity: "O(N), N being the functions",
        args: &[Arg::one_of(
            "flush-type",
            &[Arg::flag("async", "ASYNC"), Arg::flag("sync", "SYNC")],
        )
        .optional()],
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 3 {
        return Err(parse::bad_subcommand(args));
    }
    let known = |word| parse::is(word, "async") || parse::is(word, "sync");
    if args.get(2).is_some_and(|word| !known(word)) {
        return Err(Error::text("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
    }
    ctx.engine.scripts.flush_libraries();
    ctx.keys.effects.dirty += 1;
    ctx.reply.ok();
    Ok(())
}
