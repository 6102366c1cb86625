//! `BZPOPMIN key... timeout`, `BZPOPMAX key... timeout`: pop from the first sorted set that is
//! there, or wait for one.

use super::ends::{Shape, Side, pop};
use crate::prelude::*;
use redpoll_types::value::Type;

pub const BZPOPMIN: Command = Command {
    spec: Spec {
        name: "bzpopmin",
        history: &[("6.0.0", "The timeout may have a fraction.")],
        summary: "Takes the member of the lowest score off the first of several sorted sets, \
                  or waits for one.",
        ..SHARED
    },
    run: |ctx, args| go(ctx, args, Side::Min),
};

pub const BZPOPMAX: Command = Command {
    spec: Spec {
        name: "bzpopmax",
        history: &[("6.0.0", "The timeout may have a fraction.")],
        summary: "Takes the member of the highest score off the first of several sorted sets, or \
                  waits for one.",
        ..SHARED
    },
    run: |ctx, args| go(ctx, args, Side::Max),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    arity: -3,
    flags: Flags::WRITE.with(Flags::FAST).with(Flags::BLOCKING),
    keys: &[KeySpec::range(1, -2, 1).rw().access().delete()],
    group: Group::SortedSet,
    since: "5.0.0",
    complexity: "O(log N) where N is the number of members in the set.",
    args: &[Arg::key("key", 0).multiple(), Arg::double("timeout")],
    ..Spec::EMPTY
};

fn go(ctx: &mut Ctx<'_>, args: Args<'_>, side: Side) -> Result {
    let last = args.len() - 1;
    let timeout_ms = parse::timeout(args.at(last), ctx.keys.now())?;
    let keys = || args.iter_from(1).take(last - 1);
    for key in keys() {
        if pop(ctx, key, (side, 1), Shape::KeyFlat)?.is_some() {
            ctx.log_as([side.pop_name(), key]);
            return Ok(());
        }
    }
    ctx.wait_for(keys(), timeout_ms, Type::ZSet);
    Ok(())
}
