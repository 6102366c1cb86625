//! `ZCOUNT key min max`, `ZLEXCOUNT key min max`: how many members are between two ends.

use super::query::{self, Kind};
use crate::prelude::*;
use redpoll_types::zset::ZSet;

pub const ZCOUNT: Command = Command {
    spec: Spec {
        name: "zcount",
        since: "2.0.0",
        summary: "Returns the number of members whose scores are between two.",
        args: &[Arg::key("key", 0), Arg::double("min"), Arg::double("max")],
        ..SHARED
    },
    run: |ctx, args| count(ctx, args, Kind::Score),
};

pub const ZLEXCOUNT: Command = Command {
    spec: Spec {
        name: "zlexcount",
        since: "2.8.9",
        summary: "Returns the number of members between two in byte order; scores must be equal.",
        args: &[Arg::key("key", 0), Arg::string("min"), Arg::string("max")],
        ..SHARED
    },
    run: |ctx, args| count(ctx, args, Kind::Lex),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    arity: 4,
    flags: Flags::READONLY.with(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::SortedSet,
    complexity: "O(log N) where N is the number of members in the set.",
    ..Spec::EMPTY
};

fn count(ctx: &mut Ctx<'_>, args: Args<'_>, kind: Kind) -> Result {
    let ends = query::ends(kind, args.at(2), args.at(3))?;
    let set = ctx.keys.read::<ZSet>(args.at(1))?;
    let count = set.map_or(0, |set| ends.ranks(set).len());
    ctx.reply.count(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn by_score() {
        check(
            "ZADD z 1 a 2 b 2 c 3 d | ZCOUNT z 1 2 | ZCOUNT z (1 (3 | ZCOUNT z -inf +inf | \
             ZCOUNT z 3 1 | ZCOUNT none 0 1",
            "4 | 3 | 2 | 4 | 0 | 0",
        );
    }

    #[test]
    fn by_bytes() {
        check(
            "ZADD z 0 a 0 b 0 c | ZLEXCOUNT z - + | ZLEXCOUNT z [b + | ZLEXCOUNT z (b (c | \
             ZLEXCOUNT z + - | ZLEXCOUNT none - +",
            "3 | 3 | 2 | 0 | 0 | 0",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | ZCOUNT t x 1 | ZCOUNT t 1 nan | ZLEXCOUNT t a + | ZCOUNT t 1 2 | \
             ZLEXCOUNT t - +",
            "OK | ERR min or max is not a float | ERR min or max is not a float | \
             ERR min or max not valid string range item | \
             WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
