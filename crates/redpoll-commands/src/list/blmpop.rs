//! `BLMPOP timeout numkeys key... LEFT|RIGHT [COUNT count]`: pop from the first list that is there,
//! or wait for one.

use super::ends::SIDES;
use super::lmpop::pop_first;
use crate::cost;
use crate::mpop::ManyPop;
use crate::prelude::*;
use redpoll_types::value::Type;

pub const BLMPOP: Command = Command {
    spec: Spec {
        name: "blmpop",
        cost: cost::TAKEN_OF_ONE_BLOCKING,
        arity: -5,
        flags: Flags::WRITE.with(Flags::BLOCKING).with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::counted(2).rw().access().delete()],
        group: Group::List,
        since: "7.0.0",
        summary: "Takes elements off the first of several lists that has any, or waits for one.",
        complexity: "O(N+M) where N is the number of keys and M that of elements returned.",
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
    let pop = ManyPop::parse(args, 2, ["left", "right"])?;
    let timeout_ms = parse::timeout(args.at(1), ctx.keys.now())?;
    if pop_first(ctx, &pop)? {
        return Ok(());
    }
    ctx.wait_for(pop.keys(), timeout_ms, Type::List);
    Ok(())
}
