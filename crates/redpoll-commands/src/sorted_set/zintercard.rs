//! `ZINTERCARD numkeys key... [LIMIT limit]`: how many members several sets have in common.

use super::algebra::{self, intersect};
use super::operands::{Known, Operands, READING};
use super::parts::Want;
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;

pub const ZINTERCARD: Command = Command {
    spec: Spec {
        name: "zintercard",
        cost: cost::INTER_COUNTED,
        since: "7.0.0",
        summary: "Returns the number of members that several sorted sets have in common.",
        complexity: "O(N K) where N is the number of members in the smallest of K sets.",
        args: &[
            Arg::integer("numkeys"),
            Arg::key("key", 0).multiple(),
            Arg::integer("limit").token("LIMIT").optional(),
        ],
        ..READING
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let known = Known { weights: false, scores: false, limit: true };
    let crew = Crew::of(ctx);
    let operands = Operands::read(&mut ctx.keys, args, 1, "zintercard", known)?;
    let (mut count, limit) = (0, operands.limit);
    match limit {
        0 => {
            count = algebra::common(operands.inputs, operands.aggregate, (Want::Count, crew)).len()
        }
        _ => intersect(operands.inputs, operands.aggregate, |_, _| {
            count += 1;
            count != limit
        }),
    }
    ctx.reply.count(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check(
            "ZADD x 1 a 2 b 3 c | SADD s b c d | ZINTERCARD 2 x s | ZINTERCARD 2 x s LIMIT 1 | \
             ZINTERCARD 2 x s LIMIT 0 | ZINTERCARD 2 x none | ZINTERCARD 1 x LIMIT 9",
            "3 | 3 | 2 | 1 | 2 | 0 | 3",
        );
    }

    #[test]
    fn refuses() {
        check(
            "ZINTERCARD 0 x | ZINTERCARD 1 x LIMIT -1 | ZINTERCARD 1 x LIMIT a | \
             ZINTERCARD 1 x LIMIT | ZINTERCARD 1 x WITHSCORES",
            "ERR at least 1 input key is needed for 'zintercard' command | \
             ERR LIMIT can't be negative | ERR LIMIT can't be negative | ERR syntax error | \
             ERR syntax error",
        );
    }
}
