//! `LREM key count element`: remove elements that equal another.

use crate::cost;
use crate::prelude::*;
use redpoll_types::list::List;

pub const LREM: Command = Command {
    spec: Spec {
        name: "lrem",
        cost: cost::FIRST,
        arity: 4,
        flags: Flags::WRITE,
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::List,
        since: "1.0.0",
        summary: "Removes elements that equal a given one, some from either end or all.",
        complexity: "O(N) where N is the length of the list.",
        args: &[Arg::key("key", 0), Arg::integer("count"), Arg::string("element")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // The smallest integer has no opposite; no list is that long either.
    let count = parse::int(args.at(2))?.max(-i64::MAX);
    let key = args.at(1);
    let Some(list) = ctx.keys.write::<List>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let removed = list.remove(count, args.at(3), ctx.limits);
    let emptied = list.is_empty();
    if removed > 0 {
        ctx.wrote(key, Class::List, "lrem", removed as u64);
    }
    if emptied {
        ctx.keys.drop_if_empty(key);
    }
    ctx.reply.count(removed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn from_either_end() {
        check("RPUSH l a b a b a | LREM l 2 a | LRANGE l 0 -1", "5 | 2 | [b b a]");
        check("RPUSH l a b a b a | LREM l -2 a | LRANGE l 0 -1", "5 | 2 | [a b b]");
        check("RPUSH l 1 2 1 | LREM l 0 1 | LRANGE l 0 -1", "3 | 2 | [2]");
        check("RPUSH l a a | LREM l 0 a | SADD l free", "2 | 2 | 1");
        check("RPUSH l a | LREM l -9223372036854775808 a", "1 | 1");
        check("LREM l 0 a | RPUSH l a | LREM l 0 b", "0 | 1 | 0");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | LREM t x a | LREM t 0 a",
            "OK | ERR value is not an integer or out of range | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "RPUSH l a b a | LREM l 0 none | LREM l 0 a | LREM l 1 b",
            "new l, rpush l, lrem l, lrem l, del l",
            6,
        );
    }
}
