//! `SUNION key [key ...]` and `SUNIONSTORE destination key [key ...]`.

use super::algebra::{self, Answer};
use super::store;
use crate::answer;
use crate::cost;
use crate::crew::Crew;
use crate::prelude::*;
use redpoll_resp::Reply;
use redpoll_types::set::Set;

pub const SUNION: Command = Command {
    spec: Spec {
        name: "sunion",
        cost: cost::UNION,
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::range(1, -1, 1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns the members of any of several sets.",
        complexity: "O(N) where N is the number of members of all sets together.",
        args: &[Arg::key("key", 0).multiple()],
        tips: &["nondeterministic_output_order"],
        ..Spec::EMPTY
    },
    run: union,
};

pub const SUNIONSTORE: Command = Command {
    spec: Spec {
        name: "sunionstore",
        cost: cost::UNION_STORE,
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).ow().update(), KeySpec::range(2, -1, 1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Stores the members of any of several sets as a set.",
        complexity: "O(N) where N is the number of members of all sets together.",
        args: &[Arg::key("destination", 0), Arg::key("key", 1).multiple()],
        ..Spec::EMPTY
    },
    run: union_store,
};

fn union(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let sets = ctx.keys.read_many::<Set>(args.iter_from(1))?;
    let sets = sets.into_iter().flatten().collect();
    let answer = algebra::unite(sets, ctx.limits, crew);
    write(&mut ctx.reply, &answer);
    Ok(())
}

/// Writes the members of a computed set.
pub(super) fn write(reply: &mut Reply<'_>, members: &Answer<'_>) {
    match members {
        Answer::Probed(members) => {
            reply.set(members.len());
            answer::elements(reply, members.iter().copied());
        }
        Answer::Selected(selected, more) => {
            reply.set(members.len());
            selected.write(reply);
            answer::elements(reply, more.iter().copied());
        }
        Answer::Built(set) => {
            reply.set(set.len());
            answer::elements(reply, set.iter());
        }
    }
}

fn union_store(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let crew = Crew::of(ctx);
    let sets = ctx.keys.read_many::<Set>(args.iter_from(2))?;
    let sets = sets.into_iter().flatten().collect();
    let result = algebra::build_union(sets, ctx.limits, crew);
    store::store(ctx, args.at(1), result, "sunionstore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, raw3};

    #[test]
    fn unites() {
        check(
            "SADD a x y | SADD b y 1 | SUNION a b | SUNION a none a | SUNION none",
            "2 | 2 | [x y 1] | [x y] | []",
        );
        check("SADD a 1 2 | SADD b 2 3 | SUNION a b", "2 | 2 | [1 2 3]");
        assert_eq!(raw3("SADD a x | SUNION a a"), ":1\r\n~1\r\n$1\r\nx\r\n");
    }

    #[test]
    fn stores() {
        check(
            "SADD a x | SADD b y | SUNIONSTORE d a b | SCARD d | SUNIONSTORE a a b | SMEMBERS a | \
             SUNIONSTORE d none | SCARD d",
            "1 | 1 | 2 | 2 | 2 | [x y] | 0 | 0",
        );
        check("SET t v | SADD a x | SUNIONSTORE t a none | SMEMBERS t", "OK | 1 | 1 | [x]");
    }

    #[test]
    fn refuses() {
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "SET t v | SUNION none t | SUNIONSTORE d t | SUNIONSTORE d",
            &format!(
                "OK | {WRONG} | {WRONG} | \
            ERR wrong number of arguments for 'sunionstore' command"
            ),
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "SADD a x y | SUNIONSTORE d a | SUNIONSTORE d none",
            "new a, sadd a, new d, sunionstore d, del d",
            4,
        );
    }
}
