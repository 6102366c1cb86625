//! `SADD key member [member ...]`.

use crate::prelude::*;
use redpoll_keyspace::Owned;
use redpoll_types::limits::Limits;
use redpoll_types::set::Set;

pub const SADD: Command = Command {
    spec: Spec {
        name: "sadd",
        history: &[("2.4.0", "Takes several members.")],
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().insert()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Adds members to a set, which is created if it is not there.",
        complexity: "O(1) for each member added, so O(N) for N members.",
        args: &[Arg::key("key", 0), Arg::string("member").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let limits = ctx.limits;
    let added = match ctx.keys.write::<Set>(key)? {
        Some(set) => {
            set.expect(args.len() - 2, limits);
            add_all(set, args, limits)
        }
        None => {
            let mut set = Set::for_members(args.at(2), args.len() - 2, limits);
            let added = add_all(&mut set, args, limits);
            ctx.keys.put(key, Owned::Value(set.into()), None);
            added
        }
    };
    if added > 0 {
        ctx.wrote(key, Class::Set, "sadd", added as u64);
    }
    ctx.reply.count(added);
    Ok(())
}

fn add_all(set: &mut Set, args: Args<'_>, limits: &Limits) -> usize {
    args.iter_from(2).filter(|member| set.add(member, limits)).count()
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn adds_what_is_new() {
        check(
            "SADD s a b a | SADD s b c | SCARD s | SMEMBERS s | SADD s c",
            "2 | 1 | 3 | [a b c] | 0",
        );
        check("SADD s 3 1 2 | SMEMBERS s | SADD s x | SCARD s", "3 | [1 2 3] | 1 | 4");
        check("SADD s \"\" | SMEMBERS s", "1 | [\"\"]");
    }

    #[test]
    fn refuses() {
        check(
            "SADD s | SET t v | SADD t a",
            "ERR wrong number of arguments for 'sadd' command | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("SADD s a b | SADD s a | SADD s c", "new s, sadd s, sadd s", 3);
    }
}
