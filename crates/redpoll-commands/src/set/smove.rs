//! `SMOVE source destination member`.

use crate::prelude::*;
use redpoll_keyspace::Owned;
use redpoll_types::set::Set;

pub const SMOVE: Command = Command {
    spec: Spec {
        name: "smove",
        arity: 4,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).rw().insert()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Moves a member from one set to another.",
        complexity: "O(1)",
        args: &[Arg::key("source", 0), Arg::key("destination", 1), Arg::string("member")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (source, destination, member) = (args.at(1), args.at(2), args.at(3));
    // A missing source answers before the destination's type is looked at.
    if !ctx.keys.contains(source) {
        ctx.reply.int(0);
        return Ok(());
    }
    let is_member = ctx.keys.write::<Set>(source)?.is_some_and(|set| set.contains(member));
    ctx.keys.write::<Set>(destination)?;
    if is_member && source != destination {
        take(ctx, source, member)?;
        give(ctx, destination, member)?;
    }
    ctx.reply.int_bool(is_member);
    Ok(())
}

fn take(ctx: &mut Ctx<'_>, source: &[u8], member: &[u8]) -> Result {
    if let Some(set) = ctx.keys.write::<Set>(source)? {
        set.remove(member);
    }
    ctx.wrote(source, Class::Set, "srem", 1);
    ctx.keys.drop_if_empty(source);
    Ok(())
}

fn give(ctx: &mut Ctx<'_>, destination: &[u8], member: &[u8]) -> Result {
    let limits = ctx.limits;
    let added = match ctx.keys.write::<Set>(destination)? {
        Some(set) => set.add(member, limits),
        None => {
            let mut set = Set::for_members(member, 1, limits);
            set.add(member, limits);
            ctx.keys.put(destination, Owned::Value(set.into()), None);
            true
        }
    };
    if added {
        ctx.wrote(destination, Class::Set, "sadd", 1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn moves() {
        check(
            "SADD a x y | SADD b 1 | SMOVE a b x | SMEMBERS a | SMEMBERS b | SMOVE a c y | SCARD a",
            "2 | 1 | 1 | [y] | [1 x] | 1 | 0",
        );
        check("SADD a x | SADD b x | SMOVE a b x | SCARD a | SMEMBERS b", "1 | 1 | 1 | 0 | [x]");
    }

    #[test]
    fn leaves_what_is_not_there() {
        check("SADD a x | SMOVE a b y | SCARD b | SMOVE none a x", "1 | 0 | 0 | 0");
        check("SADD a x | SMOVE a a x | SMOVE a a y | SMEMBERS a", "1 | 1 | 0 | [x]");
    }

    #[test]
    fn refuses() {
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "SET t v | SADD s x | SMOVE t s x | SMOVE s t x | SMOVE none t x",
            &format!("OK | 1 | {WRONG} | {WRONG} | 0"),
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "SADD a x | SADD b x | SMOVE a b x | SMOVE b c x | SMOVE c c x",
            "new a, sadd a, new b, sadd b, srem a, del a, srem b, del b, new c, sadd c",
            5,
        );
    }
}
