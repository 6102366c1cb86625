//! `FUNCTION STATS`: the running function, and how many there are.

use crate::prelude::*;
use crate::scripting::run::describe;
use redpoll_engine::script::busy_error;
use redpoll_script::RunningKind;

pub(super) const STATS: Command = Command {
    spec: Spec {
        name: "stats",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::ALLOW_BUSY),
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Tells which function runs, and how many there are.",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let scripts = &ctx.engine.scripts;
    let running = scripts.first_running(Some(RunningKind::Function));
    if running.is_none() && scripts.first_running(Some(RunningKind::Script)).is_some() {
        return Err(busy_error(RunningKind::Script));
    }
    let (libraries, functions) = scripts.library_counts();
    ctx.reply.map(2);
    ctx.reply.bulk(b"running_script");
    match running {
        Some(running) => describe(&running, ctx),
        None => ctx.reply.null(),
    }
    ctx.reply.bulk(b"engines");
    ctx.reply.map(1);
    ctx.reply.bulk(b"LUA");
    ctx.reply.map(2);
    ctx.reply.bulk(b"libraries_count");
    ctx.reply.count(libraries);
    ctx.reply.bulk(b"functions_count");
    ctx.reply.count(functions);
    Ok(())
}
