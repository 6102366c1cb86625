//! `BLPOP key... timeout`, `BRPOP key... timeout`: pop from the first list that is there, or wait
//! for one.

use super::ends::{pop_name, pop_one};
use crate::prelude::*;
use redpoll_types::list::End;
use redpoll_types::value::Type;

pub const BLPOP: Command = Command {
    spec: Spec {
        name: "blpop",
        history: &[("6.0.0", "The timeout may have a fraction.")],
        summary: "Takes the first element off the first of several lists, or waits for one.",
        ..SHARED
    },
    run: |ctx, args| pop(ctx, args, End::Front),
};

pub const BRPOP: Command = Command {
    spec: Spec {
        name: "brpop",
        history: &[("6.0.0", "The timeout may have a fraction.")],
        summary: "Takes the last element off the first of several lists, or waits for one.",
        ..SHARED
    },
    run: |ctx, args| pop(ctx, args, End::Back),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    arity: -3,
    flags: Flags::WRITE.with(Flags::BLOCKING),
    keys: &[KeySpec::range(1, -2, 1).rw().access().delete()],
    group: Group::List,
    since: "2.0.0",
    complexity: "O(N) where N is the number of keys.",
    args: &[Arg::key("key", 0).multiple(), Arg::double("timeout")],
    ..Spec::EMPTY
};

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Result {
    let last = args.len() - 1;
    let timeout_ms = parse::timeout(args.at(last), ctx.keys.now())?;
    let keys = || args.iter_from(1).take(last - 1);
    for key in keys() {
        if pop_one(ctx, key, end, Some(key))? {
            ctx.log_as([pop_name(end), key]);
            return Ok(());
        }
    }
    ctx.wait_for(keys(), timeout_ms, Type::List);
    Ok(())
}
