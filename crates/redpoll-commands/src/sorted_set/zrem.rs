//! `ZREM key member...`: remove members.

use crate::prelude::*;
use redpoll_types::zset::ZSet;

pub const ZREM: Command = Command {
    spec: Spec {
        name: "zrem",
        history: &[("2.4.0", "Takes several members.")],
        arity: -3,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Removes members from a sorted set; the key goes with the last one.",
        complexity: "O(M log N) where N is the number of members and M of those to remove.",
        args: &[Arg::key("key", 0), Arg::string("member").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let Some(set) = ctx.keys.write::<ZSet>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let removed = args.iter_from(2).filter(|member| set.remove(member).is_some()).count();
    let emptied = set.is_empty();
    if removed > 0 {
        ctx.wrote(key, Class::ZSet, "zrem", removed as u64);
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
    fn removes() {
        check(
            "ZADD z 1 a 2 b 3 c | ZREM z a x a | ZREM z b c d | ZREM z b | SADD z free",
            "3 | 1 | 2 | 0 | 1",
        );
        check_events("ZADD z 1 a 2 b | ZREM z x | ZREM z a b", "new z, zadd z, zrem z, del z", 4);
        check(
            "SET t v | ZREM t a",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
