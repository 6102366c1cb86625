//! `ZCARD key`: how many members a sorted set has.

use crate::prelude::*;
use redpoll_types::zset::ZSet;

pub const ZCARD: Command = Command {
    spec: Spec {
        name: "zcard",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Returns the number of members of a sorted set.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let len = ctx.keys.read::<ZSet>(args.at(1))?.map_or(0, ZSet::len);
    ctx.reply.count(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check("ZCARD z | ZADD z 1 a 2 b | ZCARD z", "0 | 2 | 2");
        check(
            "SET t v | ZCARD t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
