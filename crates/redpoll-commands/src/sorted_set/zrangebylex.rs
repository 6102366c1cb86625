//! `ZRANGEBYLEX key min max [LIMIT offset count]` and `ZREVRANGEBYLEX key max min ...`: the older
//! names of ZRANGE with BYLEX.

use super::query::{Form, Kind};
use super::zrange::{LIMIT, SHARED, cost, range};
use crate::prelude::*;

pub const ZRANGEBYLEX: Command = Command {
    spec: Spec {
        name: "zrangebylex",
        cost: Some(|keys, args| cost(keys, args, UPWARDS)),
        since: "2.8.9",
        summary: "Returns the members of a sorted set between two in byte order.",
        args: &[Arg::key("key", 0), Arg::string("min"), Arg::string("max"), LIMIT],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `BYLEX` argument")),
        ..SHARED
    },
    run: |ctx, args| range(ctx, args, UPWARDS),
};

pub const ZREVRANGEBYLEX: Command = Command {
    spec: Spec {
        name: "zrevrangebylex",
        cost: Some(|keys, args| cost(keys, args, DOWNWARDS)),
        since: "2.8.9",
        summary: "Returns the members of a sorted set between two in byte order, the last first.",
        args: &[Arg::key("key", 0), Arg::string("max"), Arg::string("min"), LIMIT],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")),
        ..SHARED
    },
    run: |ctx, args| range(ctx, args, DOWNWARDS),
};

const UPWARDS: Form = Form { kind: Some(Kind::Lex), reversed: Some(false), scores: true };
const DOWNWARDS: Form = Form { reversed: Some(true), ..UPWARDS };

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn both_directions() {
        check(
            "ZADD z 0 a 0 b 0 c | ZRANGEBYLEX z - (c | ZREVRANGEBYLEX z + [b | \
             ZRANGEBYLEX z - + LIMIT 1 1 | ZREVRANGEBYLEX z + - LIMIT 0 1 | ZRANGEBYLEX none - +",
            "3 | [a b] | [c b] | [b] | [c] | []",
        );
        check("ZADD z 0 \"\" 0 a | ZRANGEBYLEX z [ [a | ZRANGEBYLEX z ( +", "2 | [\"\" a] | [a]");
    }

    #[test]
    fn refuses() {
        check(
            "ZRANGEBYLEX z a + | ZREVRANGEBYLEX z + b | ZRANGEBYLEX z - + WITHSCORES | \
             ZRANGEBYLEX z - + REV",
            "ERR min or max not valid string range item | \
             ERR min or max not valid string range item | \
             ERR syntax error, WITHSCORES not supported in combination with BYLEX | \
             ERR syntax error",
        );
    }
}
