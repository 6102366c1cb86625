//! `SCRIPT FLUSH [ASYNC|SYNC]`: forget all scripts.

use crate::prelude::*;

pub(super) const FLUSH: Command = Command {
    spec: Spec {
        name: "flush",
        arity: -2,
        flags: Flags::NOSCRIPT,
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Forgets all cached scripts.",
        complexity: "O(N), N being the scripts",
        args: &[Arg::one_of(
            "flush-type",
            &[Arg::flag("async", "ASYNC"), Arg::flag("sync", "SYNC")],
        )
        .optional()],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = |word| parse::is(word, "async") || parse::is(word, "sync");
    if args.len() > 3 || args.get(2).is_some_and(|word| !known(word)) {
        return Err(Error::text("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
    }
    // Either way the threads forget what they have compiled when they run their next script.
    ctx.engine.scripts.flush_scripts();
    ctx.reply.ok();
    Ok(())
}
