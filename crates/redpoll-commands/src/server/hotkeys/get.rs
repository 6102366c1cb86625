//! `HOTKEYS GET`: what the tracking has found so far.

use super::cpu_ms;
use crate::prelude::*;
use redpoll_engine::hot_keys::{Heaviest, Tracking};
use redpoll_resp::Reply;

pub(super) const GET: Command = Command {
    spec: Spec {
        name: "get",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT),
        group: Group::Server,
        since: "8.6.0",
        summary: "Returns the keys that were used most while they were tracked.",
        complexity: "O(K) where K is the number of keys returned.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let (engine, reply, now) = (ctx.engine, &mut ctx.reply, ctx.keys.now());
    let shown = engine.hot_keys.read(now, |tracking| {
        reply.array(1);
        show(reply, tracking, now);
    });
    if shown.is_none() {
        ctx.reply.null();
    }
    Ok(())
}

fn show(reply: &mut Reply<'_>, tracking: &Tracking, now: i64) {
    let options = &tracking.options;
    reply.map(7 + 3 * usize::from(options.cpu) + 2 * usize::from(options.net));
    number(reply, "tracking-active", i64::from(tracking.ended.is_none()));
    number(reply, "sample-ratio", options.sample_ratio.into());
    reply.bulk(b"selected-slots");
    reply.array(1);
    reply.array(2);
    reply.int(0);
    reply.int(16383);
    number(reply, "all-commands-all-slots-us", (tracking.nanos / 1000) as i64);
    number(reply, "net-bytes-all-commands-all-slots", tracking.bytes as i64);
    number(reply, "collection-start-time-unix-ms", tracking.started);
    number(reply, "collection-duration-ms", tracking.ended.unwrap_or(now) - tracking.started);
    if options.cpu {
        let (user, system) = cpu_ms();
        number(reply, "total-cpu-time-user-ms", user - tracking.cpu_before_ms.0);
        number(reply, "total-cpu-time-sys-ms", system - tracking.cpu_before_ms.1);
    }
    if options.net {
        number(reply, "total-net-bytes", tracking.sampled_bytes as i64);
    }
    if options.cpu {
        keys(reply, "by-cpu-time-us", &tracking.by_time, options.count, 1000);
    }
    if options.net {
        keys(reply, "by-net-bytes", &tracking.by_bytes, options.count, 1);
    }
}

fn number(reply: &mut Reply<'_>, name: &str, value: i64) {
    reply.bulk(name.as_bytes());
    reply.int(value);
}

/// The heaviest keys with their weights in some unit.
fn keys(reply: &mut Reply<'_>, name: &str, keys: &Heaviest, count: usize, unit: u64) {
    reply.bulk(name.as_bytes());
    let top: Vec<_> = keys.top(count).collect();
    reply.array(2 * top.len());
    for (key, weight) in top {
        reply.bulk(key);
        reply.int((weight / unit) as i64);
    }
}
