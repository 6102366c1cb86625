//! `ZRANK key member [WITHSCORE]`, `ZREVRANK key member [WITHSCORE]`: where a member stands.

use crate::prelude::*;
use redpoll_types::zset::ZSet;

pub const ZRANK: Command = Command {
    spec: Spec {
        name: "zrank",
        history: &[("7.2.0", "The option `WITHSCORE`.")],
        summary: "Returns the rank of a member of a sorted set, counted from the lowest score.",
        ..SHARED
    },
    run: |ctx, args| rank(ctx, args, "zrank", false),
};

pub const ZREVRANK: Command = Command {
    spec: Spec {
        name: "zrevrank",
        history: &[("7.2.0", "The option `WITHSCORE`.")],
        summary: "Returns the rank of a member of a sorted set, counted from the highest score.",
        ..SHARED
    },
    run: |ctx, args| rank(ctx, args, "zrevrank", true),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    arity: -3,
    flags: Flags::READONLY.with(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::SortedSet,
    since: "2.0.0",
    complexity: "O(log N) where N is the number of members in the set.",
    args: &[
        Arg::key("key", 0),
        Arg::string("member"),
        Arg::flag("withscore", "WITHSCORE").optional(),
    ],
    ..Spec::EMPTY
};

fn rank(ctx: &mut Ctx<'_>, args: Args<'_>, name: &str, reversed: bool) -> Result {
    let with_score = match args.len() {
        3 => false,
        4 if args.is(3, "withscore") => true,
        4 => return Err(Error::Syntax),
        _ => return Err(Error::arity(name)),
    };
    let member = args.at(2);
    let find = |set: &ZSet| if reversed { set.rev_rank(member) } else { set.rank(member) };
    let found = ctx.keys.read::<ZSet>(args.at(1))?.and_then(find);
    match (found, with_score) {
        (Some((rank, _)), false) => ctx.reply.count(rank),
        (Some((rank, score)), true) => {
            ctx.reply.array(2);
            ctx.reply.count(rank);
            ctx.reply.double(score);
        }
        (None, false) => ctx.reply.null(),
        (None, true) => ctx.reply.null_array(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, raw3};

    #[test]
    fn from_both_ends() {
        check(
            "ZADD z 1 a 2 b 3 c | ZRANK z a | ZRANK z c | ZREVRANK z a | ZREVRANK z c | ZRANK z x",
            "3 | 0 | 2 | 2 | 0 | nil",
        );
        check(
            "ZADD z 1.5 a 2 b | ZRANK z a WITHSCORE | ZREVRANK z a withscore | \
             ZRANK z x WITHSCORE | ZREVRANK none a",
            "2 | [0 1.5] | [1 1.5] | nil | nil",
        );
        assert_eq!(raw3("ZADD z 1.5 a | ZRANK z a WITHSCORE"), ":1\r\n*2\r\n:0\r\n,1.5\r\n");
        let mut server = TestServer::new();
        let mut client = server.client();
        assert_eq!(server.raw(&mut client, "ZRANK z a"), b"$-1\r\n");
        assert_eq!(server.raw(&mut client, "ZRANK z a WITHSCORE"), b"*-1\r\n");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | ZRANK t a x | ZREVRANK t a WITHSCORE x | ZRANK t a",
            "OK | ERR syntax error | ERR wrong number of arguments for 'zrevrank' command | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
