//! `SISMEMBER key member` and `SMISMEMBER key member [member ...]`.

use crate::prelude::*;
use redpoll_types::set::Set;

pub const SISMEMBER: Command = Command {
    spec: Spec {
        name: "sismember",
        arity: 3,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Tells whether something is a member of a set.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0), Arg::string("member")],
        ..Spec::EMPTY
    },
    run: is_member,
};

pub const SMISMEMBER: Command = Command {
    spec: Spec {
        name: "smismember",
        arity: -3,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Set,
        since: "6.2.0",
        summary: "Tells of each of several things whether it is a member of a set.",
        complexity: "O(N) where N is the number of members that are asked for.",
        args: &[Arg::key("key", 0), Arg::string("member").multiple()],
        ..Spec::EMPTY
    },
    run: are_members,
};

fn is_member(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let set = ctx.keys.read::<Set>(args.at(1))?;
    ctx.reply.int_bool(set.is_some_and(|set| set.contains(args.at(2))));
    Ok(())
}

fn are_members(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let set = ctx.keys.read::<Set>(args.at(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.iter_from(2) {
        ctx.reply.int_bool(set.is_some_and(|set| set.contains(member)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn one() {
        check(
            "SADD s a 7 | SISMEMBER s a | SISMEMBER s b | SISMEMBER s 7 | SISMEMBER s 07 | \
             SISMEMBER none a",
            "2 | 1 | 0 | 1 | 0 | 0",
        );
    }

    #[test]
    fn several() {
        check("SADD s 1 2 | SMISMEMBER s 1 x 2 1 | SMISMEMBER none 1 2", "2 | [1 0 1 1] | [0 0]");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | SISMEMBER t a | SMISMEMBER t a | SISMEMBER t | SMISMEMBER t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR wrong number of arguments for 'sismember' command | \
             ERR wrong number of arguments for 'smismember' command",
        );
    }
}
