//! `ZREMRANGEBYRANK key start stop`, `ZREMRANGEBYSCORE key min max`, `ZREMRANGEBYLEX key min max`.

use super::query::{self, Kind};
use crate::prelude::*;
use redpoll_types::zset::ZSet;

pub const ZREMRANGEBYRANK: Command = Command {
    spec: Spec {
        name: "zremrangebyrank",
        cost: Some(|keys, args| query::removal_cost(keys, args, Kind::Rank)),
        since: "2.0.0",
        summary: "Removes the members of a sorted set within a range of ranks.",
        args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")],
        ..SHARED
    },
    run: |ctx, args| remove(ctx, args, Kind::Rank, "zremrangebyrank"),
};

pub const ZREMRANGEBYSCORE: Command = Command {
    spec: Spec {
        name: "zremrangebyscore",
        cost: Some(|keys, args| query::removal_cost(keys, args, Kind::Score)),
        since: "1.2.0",
        summary: "Removes the members of a sorted set within a range of scores.",
        args: &[Arg::key("key", 0), Arg::double("min"), Arg::double("max")],
        ..SHARED
    },
    run: |ctx, args| remove(ctx, args, Kind::Score, "zremrangebyscore"),
};

pub const ZREMRANGEBYLEX: Command = Command {
    spec: Spec {
        name: "zremrangebylex",
        cost: Some(|keys, args| query::removal_cost(keys, args, Kind::Lex)),
        since: "2.8.9",
        summary: "Removes the members of a sorted set between two in byte order.",
        args: &[Arg::key("key", 0), Arg::string("min"), Arg::string("max")],
        ..SHARED
    },
    run: |ctx, args| remove(ctx, args, Kind::Lex, "zremrangebylex"),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    arity: 4,
    flags: Flags::WRITE,
    keys: &[KeySpec::at(1).rw().delete()],
    group: Group::SortedSet,
    complexity: "O(log N + M) where N is the number of members in the set and M of those removed.",
    ..Spec::EMPTY
};

fn remove(ctx: &mut Ctx<'_>, args: Args<'_>, kind: Kind, event: &'static str) -> Result {
    let ends = query::ends(kind, args.at(2), args.at(3))?;
    let key = args.at(1);
    let Some(set) = ctx.keys.write::<ZSet>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let ranks = ends.ranks(set);
    let count = ranks.len();
    ctx.reply.count(count);
    if count == 0 {
        return Ok(());
    }
    if count < set.len() {
        set.remove_range(ranks);
        ctx.wrote(key, Class::ZSet, event, count as u64);
    } else {
        // The set goes as a whole, which may take long, so it is freed in the background.
        ctx.wrote(key, Class::ZSet, event, count as u64);
        ctx.keys.delete(key);
        ctx.wrote(key, Class::Generic, "del", 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn removes() {
        check(
            "ZADD z 1 a 2 b 3 c 4 d | ZREMRANGEBYRANK z 1 -2 | ZRANGE z 0 -1 | \
             ZREMRANGEBYRANK z 5 9",
            "4 | 2 | [a d] | 0",
        );
        check(
            "ZADD z 1 a 2 b 3 c | ZREMRANGEBYSCORE z (1 inf | ZRANGE z 0 -1 | \
             ZREMRANGEBYSCORE z -inf inf | SADD z free",
            "3 | 2 | [a] | 1 | 1",
        );
        check(
            "ZADD z 0 a 0 b 0 c | ZREMRANGEBYLEX z [b + | ZRANGE z 0 -1 | ZREMRANGEBYLEX none - +",
            "3 | 2 | [a] | 0",
        );
    }

    #[test]
    fn refuses() {
        check(
            "ZREMRANGEBYRANK z x 1 | ZREMRANGEBYSCORE z 1 x | ZREMRANGEBYLEX z - a",
            "ERR value is not an integer or out of range | ERR min or max is not a float | \
             ERR min or max not valid string range item",
        );
        check(
            "SET t v | ZREMRANGEBYRANK t 0 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "ZADD z 1 a 1 b 1 c | ZREMRANGEBYRANK z 0 0 | ZREMRANGEBYSCORE z 5 6 | \
             ZREMRANGEBYSCORE z 1 1",
            "new z, zadd z, zremrangebyrank z, zremrangebyscore z, del z",
            6,
        );
    }
}
