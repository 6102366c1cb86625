//! `ZPOPMIN key [count]`, `ZPOPMAX key [count]`: take members off an end.

use super::ends::{Shape, Side, pop};
use crate::cost;
use crate::prelude::*;
use redpoll_resp::Proto;

pub const ZPOPMIN: Command = Command {
    spec: Spec {
        name: "zpopmin",
        summary: "Takes the members of the lowest scores off a sorted set and returns them.",
        ..SHARED
    },
    run: |ctx, args| go(ctx, args, Side::Min),
};

pub const ZPOPMAX: Command = Command {
    spec: Spec {
        name: "zpopmax",
        summary: "Takes the members of the highest scores off a sorted set and returns them.",
        ..SHARED
    },
    run: |ctx, args| go(ctx, args, Side::Max),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    cost: cost::TAKEN_OUT,
    arity: -2,
    flags: Flags::WRITE.with(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().delete()],
    group: Group::SortedSet,
    since: "5.0.0",
    complexity: "O(M log N) where N is the number of members in the set and M of those taken off.",
    args: &[Arg::key("key", 0), Arg::integer("count").optional()],
    ..Spec::EMPTY
};

fn go(ctx: &mut Ctx<'_>, args: Args<'_>, side: Side) -> Result {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let count = args.get(2).map(parse::count).transpose()?;
    let paired = count.is_some() && ctx.reply.proto() == Proto::Resp3;
    let shape = if paired { Shape::Pairs } else { Shape::Flat };
    if pop(ctx, args.at(1), (side, count.unwrap_or(1)), shape)?.is_none() {
        ctx.reply.array(0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, raw3};

    #[test]
    fn takes_off() {
        check(
            "ZADD z 1 a 2 b 3 c 4 d 5 e | ZPOPMIN z | ZPOPMAX z | ZPOPMAX z 2 | ZPOPMIN z 9 | \
             ZPOPMIN z | ZPOPMAX z 2 | SADD z free",
            "5 | [a 1] | [e 5] | [d 4 c 3] | [b 2] | [] | [] | 1",
        );
        check("ZADD z 1 a | ZPOPMIN z 0 | ZCARD z", "1 | [] | 1");
        assert_eq!(
            raw3("ZADD z 1 a 2 b 3 c | ZPOPMIN z | ZPOPMAX z 1 | ZPOPMAX none"),
            ":3\r\n*2\r\n$1\r\na\r\n,1\r\n*1\r\n*2\r\n$1\r\nc\r\n,3\r\n*0\r\n"
        );
    }

    #[test]
    fn refuses() {
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "ZPOPMIN z 1 2 | ZPOPMAX z x | ZPOPMIN z -1",
            "ERR syntax error | ERR value is out of range, must be positive | \
             ERR value is out of range, must be positive",
        );
        check("SET t v | ZPOPMIN t | ZPOPMAX t 0", &format!("OK | {wrong} | {wrong}"));
    }

    #[test]
    fn raises_events() {
        check_events(
            "ZADD z 1 a 2 b 3 c | ZPOPMIN z | ZPOPMAX z 0 | ZPOPMAX z 5 | ZPOPMAX z",
            "new z, zadd z, zpopmin z, zpopmax z, del z",
            6,
        );
    }
}
