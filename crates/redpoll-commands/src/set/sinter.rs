//! `SINTER key [key ...]` and `SINTERSTORE destination key [key ...]`.

use super::algebra::{self, Answer};
use super::{store, sunion};
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;
use redpoll_types::set::Set;

pub const SINTER: Command = Command {
    spec: Spec {
        name: "sinter",
        cost: cost::INTER,
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::range(1, -1, 1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns the members that several sets have in common.",
        complexity: "O(N*M) at worst, where N is the size of the smallest set and M the number of \
                     sets.",
        args: &[Arg::key("key", 0).multiple()],
        tips: &["nondeterministic_output_order"],
        ..Spec::EMPTY
    },
    run: inter,
};

pub const SINTERSTORE: Command = Command {
    spec: Spec {
        name: "sinterstore",
        cost: cost::INTER_STORE,
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().update(), KeySpec::range(2, -1, 1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Stores the members that several sets have in common as a set.",
        complexity: "O(N*M) at worst, where N is the size of the smallest set and M the number of \
                     sets.",
        args: &[Arg::key("destination", 0), Arg::key("key", 1).multiple()],
        ..Spec::EMPTY
    },
    run: inter_store,
};

fn inter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let sets = ctx.keys.read_many::<Set>(args.iter_from(1))?;
    let found = match sets.into_iter().collect() {
        Some(sets) => algebra::common(sets, ctx.limits, crew),
        None => Answer::Probed(Vec::new()),
    };
    sunion::write(&mut ctx.reply, &found);
    Ok(())
}

fn inter_store(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let sets = ctx.keys.read_many::<Set>(args.iter_from(2))?;
    let result = match sets.into_iter().collect() {
        Some(sets) => algebra::build_common(sets, ctx.limits, crew),
        None => Set::new(),
    };
    store::store(ctx, args.at(1), result, "sinterstore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, raw3};

    #[test]
    fn intersects() {
        check(
            "SADD a x y z 1 | SADD b y z 1 | SADD c z 1 2 | SINTER a b c | SINTER a | SINTER a a",
            "4 | 3 | 3 | [z 1] | [x y z 1] | [x y z 1]",
        );
        check("SADD a x | SINTER a none | SINTER none", "1 | [] | []");
        assert_eq!(raw3("SADD a x | SINTER a a"), ":1\r\n~1\r\n$1\r\nx\r\n");
    }

    #[test]
    fn stores() {
        check(
            "SADD a x y | SADD b y z | SINTERSTORE d a b | SMEMBERS d | SINTERSTORE d a none | \
             SCARD d | SINTERSTORE a a b | SMEMBERS a",
            "2 | 2 | 1 | [y] | 0 | 0 | 1 | [y]",
        );
        check("SET t v | SADD a x | SINTERSTORE t a | SMEMBERS t", "OK | 1 | 1 | [x]");
    }

    #[test]
    fn refuses() {
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check("SINTER", "ERR wrong number of arguments for 'sinter' command");
        check(
            "SET t v | SADD s x | SINTER t none | SINTER none t | SINTERSTORE d s t | SCARD d",
            &format!("OK | 1 | {WRONG} | {WRONG} | {WRONG} | 0"),
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "SADD a x | SINTERSTORE d a | SINTERSTORE d a none | SINTERSTORE d none",
            "new a, sadd a, new d, sinterstore d, del d",
            3,
        );
    }
}
