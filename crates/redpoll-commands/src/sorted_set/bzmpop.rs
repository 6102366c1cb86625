//! `BZMPOP timeout numkeys key... MIN|MAX [COUNT count]`: pop from the first sorted set that is
//! there, or wait for one.

use super::ends::SIDES;
use super::zmpop::pop_first;
use crate::cost;
use crate::mpop::ManyPop;
use crate::prelude::*;
use redpoll_types::value::Type;

pub const BZMPOP: Command = Command {
    spec: Spec {
        name: "bzmpop",
        cost: cost::TAKEN_OUT_OF_ONE_BLOCKING,
        arity: -5,
        flags: Flags::WRITE.with(Flags::BLOCKING).with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::counted(2).rw().access().delete()],
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Takes members off the first of several sorted sets that has any, or waits \
                  for one.",
        complexity: "O(K + M log N) where K is the number of keys, N of members and M of \
                     those taken off.",
        args: &[
            Arg::double("timeout"),
            Arg::integer("numkeys"),
            Arg::key("key", 0).multiple(),
            Arg::one_of("where", SIDES),
            Arg::integer("count").token("COUNT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let many = ManyPop::parse(args, 2, ["min", "max"])?;
    let timeout_ms = parse::timeout(args.at(1), ctx.keys.now())?;
    if pop_first(ctx, &many)? {
        return Ok(());
    }
    ctx.wait_for(many.keys(), timeout_ms, Type::ZSet);
    Ok(())
}
