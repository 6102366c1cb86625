//! `ZUNION numkeys key... [WEIGHTS weight...] [AGGREGATE SUM|MIN|MAX|COUNT] [WITHSCORES]` and
//! `ZUNIONSTORE destination numkeys key... ...`: all members of several sets.

use super::algebra::{alone, unite};
use super::operands::{AGGREGATE, Known, Operands, READING, STORING, WEIGHTS, answer, into_set};
use super::parts::Want;
use super::store::store;
use super::zrange::WITH_SCORES;
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;

pub const ZUNION: Command = Command {
    spec: Spec {
        name: "zunion",
        cost: cost::UNION_COUNTED,
        history: &[("8.8.0", "The aggregate `COUNT`.")],
        summary: "Returns the union of several sorted sets.",
        complexity: "O(N + M log M) where N is the number of members in all sets, M in the union.",
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

pub const ZUNIONSTORE: Command = Command {
    spec: Spec {
        name: "zunionstore",
        cost: cost::UNION_COUNTED_STORE,
        history: &[("8.8.0", "The aggregate `COUNT`.")],
        summary: "Stores the union of several sorted sets in a key.",
        complexity: "O(N + M log M) where N is the number of members in all sets, M in the union.",
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

fn read(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = Known { weights: true, scores: true, limit: false };
    let crew = Crew::of(ctx);
    let operands = Operands::read(&mut ctx.keys, args, 1, "zunion", known)?;
    let union = unite(operands.inputs, operands.aggregate, (Want::Order, crew));
    answer(&mut ctx.reply, union, operands.with_scores, crew);
    Ok(())
}

fn write(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = Known { weights: true, scores: false, limit: false };
    let crew = Crew::of(ctx);
    let operands = Operands::read(&mut ctx.keys, args, 2, "zunionstore", known)?;
    let union = match alone(&operands.inputs, operands.aggregate) {
        Some(mut copy) => {
            copy.compact(ctx.limits);
            copy
        }
        None => {
            let union = unite(operands.inputs, operands.aggregate, (Want::Set, crew));
            into_set(union, ctx.limits, crew)
        }
    };
    store(ctx, args.at(1), union, "zunionstore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, raw3};

    const SETS: &str = "ZADD x 1 a 2 b | ZADD y 10 b 20 c | SADD s b d";

    #[test]
    fn joins() {
        check(
            &format!(
                "{SETS} | ZUNION 2 x y | ZUNION 3 x y s WITHSCORES | ZUNION 2 none x | \
                 ZUNION 1 none"
            ),
            "2 | 2 | 2 | [a b c] | [a 1 d 1 b 13 c 20] | [a b] | []",
        );
        check(
            &format!(
                "{SETS} | ZUNION 2 x y WEIGHTS 10 0.5 WITHSCORES | ZUNION 2 x y AGGREGATE MAX \
                 WITHSCORES | ZUNION 2 x y withscores aggregate min weights 1 1"
            ),
            "2 | 2 | 2 | [a 10 c 10 b 25] | [a 1 b 10 c 20] | [a 1 b 2 c 20]",
        );
        check(
            "ZADD x inf a | ZADD y -inf a | ZUNION 2 x y WITHSCORES | \
             ZUNION 1 x WEIGHTS 0 WITHSCORES",
            "1 | 1 | [a 0] | [a 0]",
        );
        assert_eq!(
            raw3("ZADD x 1.5 a | ZUNION 1 x WITHSCORES"),
            ":1\r\n*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n"
        );
    }

    #[test]
    fn counts_the_sets() {
        check(
            &format!(
                "{SETS} | ZUNION 3 x y s AGGREGATE COUNT WITHSCORES | \
                 ZUNION 2 x y WEIGHTS 10 0.5 AGGREGATE count WITHSCORES | \
                 ZINTER 3 x y s WEIGHTS 1 2 4 AGGREGATE COUNT WITHSCORES | \
                 ZINTERSTORE d 2 x y AGGREGATE COUNT | ZSCORE d b"
            ),
            "2 | 2 | 2 | [a 1 c 1 d 1 b 3] | [c 0.5 a 10 b 10.5] | [b 7] | 1 | 2",
        );
        check("ZADD x inf a | ZUNION 1 x AGGREGATE COUNT WITHSCORES", "1 | [a 1]");
    }

    #[test]
    fn numbers_are_texts() {
        // One set stores the member as an integer, the other one as text.
        check(
            &format!("ZADD x 1 7 2 {} | ZADD y 5 7 | ZUNION 2 x y WITHSCORES", "l".repeat(70)),
            &format!("2 | 1 | [{} 2 7 6]", "l".repeat(70)),
        );
    }

    #[test]
    fn stores() {
        check(
            &format!("{SETS} | ZUNIONSTORE d 2 x s WEIGHTS 2 3 | ZRANGE d 0 -1 WITHSCORES"),
            "2 | 2 | 2 | 3 | [a 2 d 3 b 7]",
        );
        check(
            &format!("{SETS} | ZUNIONSTORE x 2 x x | ZRANGE x 0 -1 WITHSCORES"),
            "2 | 2 | 2 | 2 | [a 2 b 4]",
        );
        check("SET d v | ZUNIONSTORE d 1 none | GET d", "OK | 0 | nil");
        // One alone is shared, and takes its small form if it may.
        check(
            "CONFIG SET zset-max-listpack-entries 1 | ZADD x 1 a 2 b 3 c | ZUNIONSTORE d 1 x | \
             ZADD d 9 a | ZRANGE x 0 -1 | OBJECT ENCODING d | ZUNIONSTORE d 1 x WEIGHTS 2 | \
             ZSCORE d c | ZREM x b c | ZUNIONSTORE d 1 x | OBJECT ENCODING d",
            "OK | 3 | 3 | 0 | [a b c] | skiplist | 3 | 6 | 2 | 1 | listpack",
        );
        check_events(
            "ZADD x 1 a | ZUNIONSTORE d 1 x | ZUNIONSTORE d 1 none | ZUNIONSTORE d 1 none",
            "new x, zadd x, new d, zunionstore d, del d",
            3,
        );
    }

    #[test]
    fn refuses() {
        check(
            "ZUNION 0 x | ZUNION x x | ZUNION 2 x | ZUNIONSTORE d -1 x | ZUNIONSTORE d 3 x y",
            "ERR at least 1 input key is needed for 'zunion' command | \
             ERR value is not an integer or out of range | ERR syntax error | \
             ERR at least 1 input key is needed for 'zunionstore' command | ERR syntax error",
        );
        check(
            "ZUNION 1 x WEIGHTS | ZUNION 1 x WEIGHTS a | ZUNION 1 x AGGREGATE | \
             ZUNION 1 x AGGREGATE avg | ZUNION 1 x X | ZUNIONSTORE d 1 x WITHSCORES | \
             ZUNION 2 x y WEIGHTS 1 | ZUNION 1 x LIMIT 1",
            "ERR syntax error | ERR weight value is not a float | ERR syntax error | \
             ERR syntax error | ERR syntax error | ERR syntax error | ERR syntax error | \
             ERR syntax error",
        );
        check(
            "SET t v | ZUNION 2 x t X | ZUNIONSTORE d 1 t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
