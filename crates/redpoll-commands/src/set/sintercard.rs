//! `SINTERCARD numkeys key [key ...] [LIMIT limit]`.

use super::algebra;
use super::operands::Operands;
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;
use redpoll_types::set::Set;

pub const SINTERCARD: Command = Command {
    spec: Spec {
        name: "sintercard",
        cost: cost::INTER_COUNTED,
        arity: -3,
        flags: Flags::READONLY.with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::counted(1).ro().access()],
        group: Group::Set,
        since: "7.0.0",
        summary: "Counts the members that several sets have in common.",
        complexity: "O(N*M) at worst, where N is the size of the smallest set and M the number of \
                     sets.",
        args: &[
            Arg::integer("numkeys"),
            Arg::key("key", 0).multiple(),
            Arg::integer("limit").token("LIMIT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let Operands { keys, limit, .. } = Operands::parse(args, false)?;
    let sets = ctx.keys.read_many::<Set>(args.iter_from(2).take(keys))?;
    let mut count = 0;
    match sets.into_iter().collect() {
        Some(sets) if limit == 0 => count = algebra::common(sets, ctx.limits, crew).len(),
        Some(sets) => algebra::intersect(sets, ctx.limits, |_| {
            count += 1;
            count != limit
        }),
        None => {}
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
            "SADD a 1 2 3 x | SADD b 2 3 x | SINTERCARD 2 a b | SINTERCARD 2 a b LIMIT 2 | \
             SINTERCARD 2 a b limit 0 | SINTERCARD 2 a b LIMIT 9 | SINTERCARD 1 a | \
             SINTERCARD 2 a none | SINTERCARD 2 a b LIMIT 1 LIMIT 2",
            "4 | 3 | 3 | 2 | 3 | 3 | 4 | 0 | 2",
        );
    }

    #[test]
    fn refuses() {
        const NUMKEYS: &str = "ERR numkeys should be greater than 0";
        const LIMIT: &str = "ERR LIMIT can't be negative";
        check(
            "SINTERCARD 0 a | SINTERCARD x a | SINTERCARD 2 a",
            &format!(
                "{NUMKEYS} | {NUMKEYS} | \
            ERR Number of keys can't be greater than number of args"
            ),
        );
        check(
            "SINTERCARD 1 a LIMIT | SINTERCARD 1 a LIMIT -1 | SINTERCARD 1 a LIMIT x | \
             SINTERCARD 1 a b",
            &format!("ERR syntax error | {LIMIT} | {LIMIT} | ERR syntax error"),
        );
        check(
            "SET t v | SINTERCARD 2 a t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
