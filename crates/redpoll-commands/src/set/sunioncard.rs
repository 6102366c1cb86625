//! `SUNIONCARD numkeys key [key ...] [APPROX] [LIMIT limit]` and `SDIFFCARD numkeys key [key ...]
//! [LIMIT limit]`: how many members SUNION and SDIFF would answer.

use super::operands::Operands;
use super::{algebra, estimate};
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;
use redpoll_types::set::Set;

pub const SUNIONCARD: Command = Command {
    spec: Spec {
        name: "sunioncard",
        cost: cost::UNION_COUNTED,
        summary: "Counts the members of any of several sets.",
        args: &[
            Arg::integer("numkeys"),
            Arg::key("key", 0).multiple(),
            Arg::flag("approx", "APPROX").optional(),
            Arg::integer("limit").token("LIMIT").optional(),
        ],
        ..SPEC
    },
    run: union,
};

pub const SDIFFCARD: Command = Command {
    spec: Spec {
        name: "sdiffcard",
        cost: cost::DIFF_COUNTED,
        summary: "Counts the members of a set that are in none of other sets.",
        args: &[
            Arg::integer("numkeys"),
            Arg::key("key", 0).multiple(),
            Arg::integer("limit").token("LIMIT").optional(),
        ],
        ..SPEC
    },
    run: difference,
};

const SPEC: Spec = Spec {
    arity: -3,
    flags: Flags::READONLY.with(Flags::MOVABLEKEYS),
    keys: &[KeySpec::counted(1).ro().access()],
    group: Group::Set,
    since: "8.10.0",
    complexity: "O(N) where N is the number of members of all sets together.",
    ..Spec::EMPTY
};

/// Members of all sets together up to which an estimate would cost more than counting.
const FEW: usize = 4096;

fn union(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let operands = Operands::parse(args, true)?;
    let sets = ctx.keys.read_many::<Set>(args.iter_from(2).take(operands.keys))?;
    let sets: Vec<&Set> = sets.into_iter().flatten().collect();
    let largest = sets.iter().map(|set| set.len()).max().unwrap_or(0);
    let count = match operands.limit {
        // The largest alone has enough.
        1.. if largest >= operands.limit => operands.limit,
        _ if operands.approx && sets.iter().map(|set| set.len()).sum::<usize>() > FEW => {
            estimate::union(&sets)
        }
        _ => algebra::unite(sets, ctx.limits, crew).len(),
    };
    ctx.reply.count(operands.limited(count));
    Ok(())
}

fn difference(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let operands = Operands::parse(args, false)?;
    let sets = ctx.keys.read_many::<Set>(args.iter_from(2).take(operands.keys))?;
    let mut sets = sets.into_iter();
    let count = match sets.next().flatten() {
        None => 0,
        Some(first) => {
            let others = sets.flatten().collect();
            algebra::count_difference(first, others, operands.limit, (ctx.limits, crew))
        }
    };
    ctx.reply.count(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    const SETS: &str = "SADD a 1 2 3 x | SADD b 2 3 y | SADD c z";

    #[test]
    fn counts_unions() {
        check(
            &format!(
                "{SETS} | SUNIONCARD 3 a b c | SUNIONCARD 2 a a | SUNIONCARD 2 none c | \
                 SUNIONCARD 1 none | SUNIONCARD 3 a b c LIMIT 2 | SUNIONCARD 3 a b c LIMIT 5 | \
                 SUNIONCARD 3 a b c limit 0 approx | SUNIONCARD 2 a b APPROX LIMIT 9"
            ),
            "4 | 3 | 1 | 6 | 4 | 1 | 0 | 2 | 5 | 6 | 5",
        );
    }

    #[test]
    fn counts_differences() {
        check(
            &format!(
                "{SETS} | SDIFFCARD 2 a b | SDIFFCARD 3 a b c | SDIFFCARD 2 a a | \
                 SDIFFCARD 2 none a | SDIFFCARD 2 a none | SDIFFCARD 2 a b LIMIT 1 | \
                 SDIFFCARD 1 a LIMIT 3"
            ),
            "4 | 3 | 1 | 2 | 2 | 0 | 0 | 4 | 1 | 3",
        );
    }

    #[test]
    fn estimates_many() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for key in ["a", "b"] {
            for start in (0..5000).step_by(500) {
                let numbers = start..start + 500;
                let members: Vec<String> = numbers.map(|n| format!("{key}{n}")).collect();
                server.run(&mut session, &format!("SADD {key} {}", members.join(" ")));
            }
        }
        assert_eq!(server.run(&mut session, "SUNIONCARD 2 a b"), "10000");
        let guess = server.run(&mut session, "SUNIONCARD 2 a b APPROX");
        let guess: i64 = guess.parse().expect("a number");
        assert!((9700..10300).contains(&guess), "{guess}");
        assert_eq!(server.run(&mut session, "SUNIONCARD 2 a b APPROX LIMIT 7000"), "7000");
        assert_eq!(server.run(&mut session, "SDIFFCARD 2 a b LIMIT 77"), "77");
    }

    #[test]
    fn refuses() {
        check(
            "SUNIONCARD 0 a | SDIFFCARD x a | SUNIONCARD 2 a | SDIFFCARD 1 a APPROX | \
             SUNIONCARD 1 a LIMIT -1 | SET t v | SUNIONCARD 2 a t",
            "ERR numkeys should be greater than 0 | ERR numkeys should be greater than 0 | \
             ERR Number of keys can't be greater than number of args | ERR syntax error | \
             ERR LIMIT can't be negative | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
