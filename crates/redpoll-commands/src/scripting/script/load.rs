//! `SCRIPT LOAD script`: cache a script without running it.

use crate::prelude::*;
use crate::scripting::state::with_state;

pub(super) const LOAD: Command = Command {
    spec: Spec {
        name: "load",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::STALE),
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Caches a script and returns its SHA-1.",
        complexity: "O(N), N being the script's bytes",
        args: &[Arg::string("script")],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let engine = ctx.engine;
    let script = with_state(engine, |state| state.load(engine, args.at(2)))?;
    ctx.reply.bulk(script.sha.as_bytes());
    Ok(())
}
