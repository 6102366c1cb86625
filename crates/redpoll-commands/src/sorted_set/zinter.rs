//! `ZINTER numkeys key... [WEIGHTS weight...] [AGGREGATE SUM|MIN|MAX|COUNT] [WITHSCORES]` and
//! `ZINTERSTORE destination numkeys key... ...`: the members that several sets have in common.

use super::algebra::common;
use super::operands::{AGGREGATE, Known, Operands, READING, STORING, WEIGHTS, answer, into_set};
use super::parts::Want;
use super::store::store;
use super::zrange::WITH_SCORES;
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;

pub const ZINTER: Command = Command {
    spec: Spec {
        name: "zinter",
        cost: cost::INTER_COUNTED,
        history: &[("8.8.0", "The aggregate `COUNT`.")],
        summary: "Returns the intersection of several sorted sets.",
        complexity: COMPLEXITY,
        args: &[
            Arg::integer("numkeys"),
            Arg::key("key", 0).multiple(),
            WEIGHTS,
            AGGREGATE,
            WITH_SCORES,
        ],
        ..READING
    },
    run: read,
};

pub const ZINTERSTORE: Command = Command {
    spec: Spec {
        name: "zinterstore",
        cost: cost::INTER_COUNTED_STORE,
        history: &[("8.8.0", "The aggregate `COUNT`.")],
        summary: "Stores the intersection of several sorted sets in a key.",
        complexity: COMPLEXITY,
        args: &[
            Arg::key("destination", 0),
            Arg::integer("numkeys"),
            Arg::key("key", 1).multiple(),
            WEIGHTS,
            AGGREGATE,
        ],
        ..STORING
    },
    run: write,
};

const COMPLEXITY: &str = "O(N K + M log M) where N is the number of members in the smallest of K \
                          sets and M in the intersection.";

fn read(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = Known { weights: true, scores: true, limit: false };
    let crew = Crew::of(ctx);
    let operands = Operands::read(&mut ctx.keys, args, 1, "zinter", known)?;
    let found = common(operands.inputs, operands.aggregate, (Want::Order, crew));
    answer(&mut ctx.reply, found, operands.with_scores, crew);
    Ok(())
}

fn write(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = Known { weights: true, scores: false, limit: false };
    let crew = Crew::of(ctx);
    let operands = Operands::read(&mut ctx.keys, args, 2, "zinterstore", known)?;
    let found = common(operands.inputs, operands.aggregate, (Want::Set, crew));
    let intersection = into_set(found, ctx.limits, crew);
    store(ctx, args.at(1), intersection, "zinterstore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const SETS: &str = "ZADD x 1 a 2 b 3 c | ZADD y 10 b 20 c | SADD s b d";

    #[test]
    fn joins() {
        check(
            &format!("{SETS} | ZINTER 2 x y | ZINTER 3 x y s WITHSCORES | ZINTER 2 none x"),
            "3 | 2 | 2 | [b c] | [b 13] | []",
        );
        check(
            &format!(
                "{SETS} | ZINTER 2 x y WEIGHTS 10 -1 WITHSCORES | \
                 ZINTER 2 x y AGGREGATE MIN WITHSCORES | ZINTER 2 x x WITHSCORES"
            ),
            "3 | 2 | 2 | [b 10 c 10] | [b 2 c 3] | [a 2 b 4 c 6]",
        );
    }

    #[test]
    fn stores() {
        check(
            &format!("{SETS} | ZINTERSTORE y 2 x y AGGREGATE MAX | ZRANGE y 0 -1 WITHSCORES"),
            "3 | 2 | 2 | 2 | [b 10 c 20]",
        );
        check("SET d v | ZINTERSTORE d 1 none | GET d", "OK | 0 | nil");
        check_events(
            "ZADD x 1 a | ZINTERSTORE d 1 x | ZINTERSTORE d 2 x none",
            "new x, zadd x, new d, zinterstore d, del d",
            3,
        );
    }

    #[test]
    fn refuses() {
        check(
            "ZINTER 0 x | ZINTERSTORE d 0 x | ZINTERSTORE d 1 x WITHSCORES | \
             ZINTER 1 x WEIGHTS nan",
            "ERR at least 1 input key is needed for 'zinter' command | \
             ERR at least 1 input key is needed for 'zinterstore' command | ERR syntax error | \
             ERR weight value is not a float",
        );
        check(
            "SET t v | ZINTER 2 none t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
