//! `SREM key member [member ...]`.

use crate::prelude::*;
use redpoll_types::set::Set;

pub const SREM: Command = Command {
    spec: Spec {
        name: "srem",
        history: &[("2.4.0", "Takes several members.")],
        arity: -3,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Removes members from a set, and the set with its last member.",
        complexity: "O(N) where N is the number of members to be removed.",
        args: &[Arg::key("key", 0), Arg::string("member").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let Some(set) = ctx.keys.write::<Set>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let removed = args.iter_from(2).filter(|member| set.remove(member)).count();
    let emptied = set.is_empty();
    if removed > 0 {
        ctx.wrote(key, Class::Set, "srem", removed as u64);
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
    fn removes_what_is_there() {
        check("SADD s a b c | SREM s a x a | SMEMBERS s", "3 | 1 | [b c]");
        check("SADD s 1 2 | SREM s 1 2 3 | SCARD s | SREM s 1", "2 | 2 | 0 | 0");
    }

    #[test]
    fn refuses() {
        check(
            "SREM s | SET t v | SREM t a",
            "ERR wrong number of arguments for 'srem' command | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "SADD s a b c | SREM s a b | SREM s x | SREM s c",
            "new s, sadd s, srem s, srem s, del s",
            6,
        );
    }
}
