//! `ZDIFF numkeys key... [WITHSCORES]`, `ZDIFFSTORE destination numkeys key...`: the members of the
//! first set that are in no other.

use super::algebra::subtract;
use super::operands::{Known, Operands, READING, STORING, answer, into_set};
use super::parts::Want;
use super::store::store;
use super::zrange::WITH_SCORES;
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;

pub const ZDIFF: Command = Command {
    spec: Spec {
        name: "zdiff",
        cost: cost::DIFF_COUNTED,
        summary: "Returns the members of the first sorted set that are in no other.",
        complexity: COMPLEXITY,
        args: &[Arg::integer("numkeys"), Arg::key("key", 0).multiple(), WITH_SCORES],
        ..READING
    },
    run: read,
};

pub const ZDIFFSTORE: Command = Command {
    spec: Spec {
        name: "zdiffstore",
        cost: cost::DIFF_COUNTED_STORE,
        since: "6.2.0",
        summary: "Stores the members of the first sorted set that are in no other in a key.",
        complexity: COMPLEXITY,
        args: &[Arg::key("destination", 0), Arg::integer("numkeys"), Arg::key("key", 1).multiple()],
        ..STORING
    },
    run: write,
};

const COMPLEXITY: &str =
    "O(N + M log M) where N is the number of members in all sets and M in the difference.";

fn read(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = Known { weights: false, scores: true, limit: false };
    let crew = Crew::of(ctx);
    let operands = Operands::read(&mut ctx.keys, args, 1, "zdiff", known)?;
    let rest = subtract(operands.inputs, (Want::Order, crew));
    answer(&mut ctx.reply, rest, operands.with_scores, crew);
    Ok(())
}

fn write(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = Known { weights: false, scores: false, limit: false };
    let crew = Crew::of(ctx);
    let operands = Operands::read(&mut ctx.keys, args, 2, "zdiffstore", known)?;
    let rest = subtract(operands.inputs, (Want::Set, crew));
    let difference = into_set(rest, ctx.limits, crew);
    store(ctx, args.at(1), difference, "zdiffstore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const SETS: &str = "ZADD x 1 a 2 b 3 c | ZADD y 10 b | SADD s c d";

    #[test]
    fn subtracts() {
        check(
            &format!(
                "{SETS} | ZDIFF 2 x y | ZDIFF 3 x y s WITHSCORES | ZDIFF 2 none x | ZDIFF 2 s x | \
                 ZDIFF 2 x x | ZDIFF 1 x WITHSCORES"
            ),
            "3 | 1 | 2 | [a c] | [a 1] | [] | [d] | [] | [a 1 b 2 c 3]",
        );
    }

    #[test]
    fn stores() {
        check(
            &format!("{SETS} | ZDIFFSTORE x 2 x y | ZRANGE x 0 -1 WITHSCORES"),
            "3 | 1 | 2 | 2 | [a 1 c 3]",
        );
        check_events(
            "ZADD x 1 a | ZDIFFSTORE d 1 x | ZDIFFSTORE d 2 x x",
            "new x, zadd x, new d, zdiffstore d, del d",
            3,
        );
    }

    #[test]
    fn refuses() {
        check(
            "ZDIFF 0 x | ZDIFFSTORE d 0 x | ZDIFF 1 x WEIGHTS 1 | ZDIFF 1 x AGGREGATE SUM | \
             ZDIFFSTORE d 1 x WITHSCORES",
            "ERR at least 1 input key is needed for 'zdiff' command | \
             ERR at least 1 input key is needed for 'zdiffstore' command | ERR syntax error | \
             ERR syntax error | ERR syntax error",
        );
    }
}
