//! `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]` and `ZREVRANGEBYSCORE key max min
//! ...`: the older names of ZRANGE with BYSCORE.

use super::query::{Form, Kind};
use super::zrange::{LIMIT, SHARED, WITH_SCORES, cost, range};
use crate::prelude::*;

pub const ZRANGEBYSCORE: Command = Command {
    spec: Spec {
        name: "zrangebyscore",
        cost: Some(|keys, args| cost(keys, args, UPWARDS)),
        history: &[("2.0.0", "The option `WITHSCORES`.")],
        since: "1.0.5",
        summary: "Returns the members of a sorted set within a range of scores.",
        args: &[
            Arg::key("key", 0),
            Arg::double("min"),
            Arg::double("max"),
            WITH_SCORES.since("2.0.0"),
            LIMIT,
        ],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYSCORE` argument")),
        ..SHARED
    },
    run: |ctx, args| range(ctx, args, UPWARDS),
};

pub const ZREVRANGEBYSCORE: Command = Command {
    spec: Spec {
        name: "zrevrangebyscore",
        cost: Some(|keys, args| cost(keys, args, DOWNWARDS)),
        history: &[("2.1.6", "Scores may be excluded.")],
        since: "2.2.0",
        summary: "Returns the members of a sorted set within a range of scores, the highest first.",
        args: &[Arg::key("key", 0), Arg::double("max"), Arg::double("min"), WITH_SCORES, LIMIT],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")),
        ..SHARED
    },
    run: |ctx, args| range(ctx, args, DOWNWARDS),
};

const UPWARDS: Form = Form { kind: Some(Kind::Score), reversed: Some(false), scores: true };
const DOWNWARDS: Form = Form { reversed: Some(true), ..UPWARDS };

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn both_directions() {
        check(
            "ZADD z 1 a 2 b 3 c | ZRANGEBYSCORE z (1 +inf | ZREVRANGEBYSCORE z 3 (1 WITHSCORES | \
             ZRANGEBYSCORE z -inf inf WITHSCORES LIMIT 1 1 | ZREVRANGEBYSCORE z inf 0 LIMIT 0 2",
            "3 | [b c] | [c 3 b 2] | [b 2] | [c b]",
        );
        check("ZRANGEBYSCORE none 0 1 | ZREVRANGEBYSCORE none 1 0", "[] | []");
    }

    #[test]
    fn refuses() {
        check(
            "ZRANGEBYSCORE z x 1 | ZREVRANGEBYSCORE z 1 x | ZRANGEBYSCORE z 0 1 REV | \
             ZRANGEBYSCORE z 0 1 LIMIT 1 | ZRANGEBYSCORE z 0 1 LIMIT 1 x | \
             ZRANGEBYSCORE z 0 1 BYSCORE",
            "ERR min or max is not a float | ERR min or max is not a float | ERR syntax error | \
             ERR syntax error | ERR value is not an integer or out of range | ERR syntax error",
        );
    }
}
