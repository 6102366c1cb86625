//! `SDIFF key [key ...]` and `SDIFFSTORE destination key [key ...]`.

use super::algebra::{self, Answer};
use super::{store, sunion};
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;
use redpoll_types::set::Set;

pub const SDIFF: Command = Command {
    spec: Spec {
        name: "sdiff",
        cost: cost::DIFF,
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::range(1, -1, 1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns the members of a set that several others do not have.",
        complexity: "O(N) where N is the number of members of all sets together.",
        args: &[Arg::key("key", 0).multiple()],
        tips: &["nondeterministic_output_order"],
        ..Spec::EMPTY
    },
    run: diff,
};

pub const SDIFFSTORE: Command = Command {
    spec: Spec {
        name: "sdiffstore",
        cost: cost::DIFF_STORE,
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).ow().update(), KeySpec::range(2, -1, 1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Stores the members of a set that several others do not have as a set.",
        complexity: "O(N) where N is the number of members of all sets together.",
        args: &[Arg::key("destination", 0), Arg::key("key", 1).multiple()],
        ..Spec::EMPTY
    },
    run: diff_store,
};

fn diff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let mut sets = ctx.keys.read_many::<Set>(args.iter_from(1))?.into_iter();
    let answer = match sets.next().flatten() {
        Some(first) => algebra::subtract(first, sets.flatten().collect(), ctx.limits, crew),
        None => Answer::Probed(Vec::new()),
    };
    sunion::write(&mut ctx.reply, &answer);
    Ok(())
}

fn diff_store(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let mut sets = ctx.keys.read_many::<Set>(args.iter_from(2))?.into_iter();
    let result = match sets.next().flatten() {
        Some(first) => algebra::build_difference(first, sets.flatten().collect(), ctx.limits, crew),
        None => Set::new(),
    };
    store::store(ctx, args.at(1), result, "sdiffstore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, raw3};

    #[test]
    fn subtracts() {
        check(
            "SADD a x y z | SADD b y | SADD c z 1 | SDIFF a b c | SDIFF a | SDIFF a a | \
             SDIFF a none",
            "3 | 1 | 2 | [x] | [x y z] | [] | [x y z]",
        );
        check("SADD a x | SDIFF none a | SDIFF none", "1 | [] | []");
        assert_eq!(raw3("SADD a x | SDIFF a"), ":1\r\n~1\r\n$1\r\nx\r\n");
    }

    #[test]
    fn stores() {
        check(
            "SADD a x y | SADD b y | SDIFFSTORE d a b | SMEMBERS d | SDIFFSTORE d a a | SCARD d | \
             SDIFFSTORE a a b | SMEMBERS a",
            "2 | 1 | 1 | [x] | 0 | 0 | 1 | [x]",
        );
        check("SET t v | SADD a x | SDIFFSTORE t a | SMEMBERS t", "OK | 1 | 1 | [x]");
    }

    #[test]
    fn refuses() {
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "SET t v | SDIFF none t | SDIFFSTORE d a t | SDIFF",
            &format!("OK | {WRONG} | {WRONG} | ERR wrong number of arguments for 'sdiff' command"),
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "SADD a x y | SDIFFSTORE d a | SDIFFSTORE d a a",
            "new a, sadd a, new d, sdiffstore d, del d",
            4,
        );
    }
}
