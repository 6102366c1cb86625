//! `LMOVE source destination LEFT|RIGHT LEFT|RIGHT`, `RPOPLPUSH source destination`: take an
//! element off a list and add it to another, or to the other end of the same.

use super::ends::{KEYS, SIDES, move_one, side};
use crate::prelude::*;
use redpoll_types::list::End;

pub const LMOVE: Command = Command {
    spec: Spec {
        name: "lmove",
        arity: 5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: KEYS,
        group: Group::List,
        since: "6.2.0",
        summary: "Moves an element from an end of a list to an end of a list.",
        args: &[
            Arg::key("source", 0),
            Arg::key("destination", 1),
            Arg::one_of("wherefrom", SIDES),
            Arg::one_of("whereto", SIDES),
        ],
        ..Spec::EMPTY
    },
    run: |ctx, args| go(ctx, args, side(args.at(3))?, side(args.at(4))?),
};

pub const RPOPLPUSH: Command = Command {
    spec: Spec {
        name: "rpoplpush",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: KEYS,
        group: Group::List,
        since: "1.2.0",
        summary: "Moves the last element of a list to the front of a list.",
        args: &[Arg::key("source", 0), Arg::key("destination", 1)],
        deprecated: Some(("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")),
        ..Spec::EMPTY
    },
    run: |ctx, args| go(ctx, args, End::Back, End::Front),
};

fn go(ctx: &mut Ctx<'_>, args: Args<'_>, from: End, to: End) -> Result {
    if !move_one(ctx, (args.at(1), from), (args.at(2), to))? {
        ctx.reply.null();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn between_all_ends() {
        for (from, to, moved, left, target) in [
            ("LEFT", "LEFT", "a", "[b c]", "[a x y]"),
            ("LEFT", "RIGHT", "a", "[b c]", "[x y a]"),
            ("right", "left", "c", "[a b]", "[c x y]"),
            ("RIGHT", "RIGHT", "c", "[a b]", "[x y c]"),
        ] {
            check(
                &format!(
                    "RPUSH s a b c | RPUSH d x y | LMOVE s d {from} {to} | LRANGE s 0 -1 | \
                     LRANGE d 0 -1"
                ),
                &format!("3 | 2 | {moved} | {left} | {target}"),
            );
        }
        check("RPUSH s a b | RPOPLPUSH s d | LRANGE d 0 -1 | LRANGE s 0 -1", "2 | b | [b] | [a]");
    }

    #[test]
    fn within_one_list() {
        check("RPUSH s a b c | LMOVE s s LEFT RIGHT | LRANGE s 0 -1", "3 | a | [b c a]");
        check("RPUSH s a | RPOPLPUSH s s | LRANGE s 0 -1", "1 | a | [a]");
    }

    #[test]
    fn nothing_to_move() {
        check("LMOVE s d LEFT LEFT | RPOPLPUSH s d | SADD d free", "nil | nil | 1");
        check("SET d v | RPOPLPUSH s d", "OK | nil");
    }

    #[test]
    fn refuses() {
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check("LMOVE s d UP LEFT | LMOVE s d LEFT UP", "ERR syntax error | ERR syntax error");
        check("SET s v | LMOVE s d LEFT LEFT", &format!("OK | {wrong}"));
        check(
            "RPUSH s a | SET d v | LMOVE s d LEFT LEFT | LRANGE s 0 -1",
            &format!("1 | OK | {wrong} | [a]"),
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "RPUSH s a b | LMOVE s d LEFT RIGHT | RPOPLPUSH s d",
            "new s, rpush s, new d, rpush d, lpop s, lpush d, rpop s, del s",
            4,
        );
        check_events("RPUSH s a | RPOPLPUSH s s", "new s, rpush s, lpush s, rpop s", 2);
    }
}
