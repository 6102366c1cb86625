//! `BACKGROUND LIST`: the commands that run in the background, and those that wait for it.

use crate::prelude::*;
use redpoll_engine::background::Task;

pub(super) const LIST: Command = Command {
    spec: Spec {
        name: "list",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "8.0.0",
        summary: "Lists the commands that run in the background.",
        complexity: "O(N), N being the tasks",
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let tasks = ctx.engine.background.tasks();
    ctx.reply.array(tasks.len());
    for task in tasks {
        write(ctx, &task);
    }
    Ok(())
}

/// What one is. `cost` is estimated before; `done` may exceed it, and what is computed without an
/// answer in between is counted when it has been.
fn write(ctx: &mut Ctx<'_>, task: &Task) {
    let numbers = [
        ("cost", task.cost),
        ("done", task.done()),
        ("reply-bytes", task.sent()),
        ("age-ms", u64::try_from(task.since.elapsed().as_millis()).unwrap_or(u64::MAX)),
    ];
    let reply = &mut ctx.reply;
    reply.map(4 + numbers.len());
    reply.bulk(b"id");
    reply.count(task.id as usize);
    reply.bulk(b"client");
    reply.count(task.client.as_ref().map_or(0, |client| client.id as usize));
    reply.bulk(b"command");
    reply.bulk(task.name.as_bytes());
    reply.bulk(b"state");
    reply.bulk(task.state().name().as_bytes());
    for (name, number) in numbers {
        reply.bulk(name.as_bytes());
        reply.int(i64::try_from(number).unwrap_or(i64::MAX));
    }
}
