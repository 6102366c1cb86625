//! `ZSCORE key member`, `ZMSCORE key member...`: the scores of members.

use crate::prelude::*;
use redpoll_types::zset::ZSet;

pub const ZSCORE: Command = Command {
    spec: Spec {
        name: "zscore",
        arity: 3,
        since: "1.2.0",
        summary: "Returns the score of a member of a sorted set.",
        args: &[Arg::key("key", 0), Arg::string("member")],
        ..SHARED
    },
    run: one,
};

pub const ZMSCORE: Command = Command {
    spec: Spec {
        name: "zmscore",
        arity: -3,
        since: "6.2.0",
        summary: "Returns the scores of members of a sorted set.",
        complexity: "O(N) where N is the number of members that are asked for.",
        args: &[Arg::key("key", 0), Arg::string("member").multiple()],
        ..SHARED
    },
    run: many,
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    flags: Flags::READONLY.with(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::SortedSet,
    ..Spec::EMPTY
};

fn one(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    match ctx.keys.read::<ZSet>(args.at(1))?.and_then(|set| set.score(args.at(2))) {
        Some(score) => ctx.reply.double(score),
        None => ctx.reply.null(),
    }
    Ok(())
}

fn many(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let set = ctx.keys.read::<ZSet>(args.at(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.iter_from(2) {
        match set.and_then(|set| set.score(member)) {
            Some(score) => ctx.reply.double(score),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, raw3};

    #[test]
    fn scores() {
        check("ZADD z 1.5 a | ZSCORE z a | ZSCORE z b | ZSCORE none a", "1 | 1.5 | nil | nil");
        check(
            "ZADD z 1.5 a 2 b | ZMSCORE z b x a | ZMSCORE none a b",
            "2 | [2 nil 1.5] | [nil nil]",
        );
        assert_eq!(
            raw3("ZADD z 1.5 a inf b | ZSCORE z a | ZMSCORE z b x"),
            ":2\r\n,1.5\r\n*2\r\n,inf\r\n_\r\n"
        );
    }

    #[test]
    fn texts_are_the_shortest() {
        check(
            "ZADD z 0.1 a 3.0 b 1e20 c 1e-7 d 123456789.125 e -1e300 f | ZMSCORE z a b c d e f",
            "6 | [0.1 3 1e+20 1e-7 123456789.125 -1e+300]",
        );
    }

    #[test]
    fn refuses() {
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check("SET t v | ZSCORE t a | ZMSCORE t a", &format!("OK | {wrong} | {wrong}"));
    }
}
