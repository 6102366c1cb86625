//! `LMOVEM source destination LEFT|RIGHT LEFT|RIGHT [COUNT count|EXACTLY count OBO|BULK]` and
//! `BLMOVEM`, which waits: move several elements at once.

use super::ends::{KEYS, SIDES, popped, push_event, side, side_name};
use crate::prelude::*;
use redpoll_engine::block::BlockRequest;
use redpoll_keyspace::Keys;
use redpoll_types::list::{End, List};
use redpoll_types::number::write_i64;
use redpoll_types::value::Type;

pub const LMOVEM: Command = Command {
    spec: Spec {
        name: "lmovem",
        cost: Some(|keys, args| cost(keys, args, 5)),
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        summary: "Moves several elements from an end of a list to an end of a list.",
        args: &[
            Arg::key("source", 0),
            Arg::key("destination", 1),
            Arg::one_of("wherefrom", SIDES),
            Arg::one_of("whereto", SIDES),
            HOW_MANY,
        ],
        ..SPEC
    },
    run: lmovem,
};

pub const BLMOVEM: Command = Command {
    spec: Spec {
        name: "blmovem",
        cost: Some(|keys, args| cost(keys, args, 6)),
        arity: -6,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::BLOCKING),
        summary: "Moves several elements from an end of a list to an end of a list, or waits for \
                  them.",
        args: &[
            Arg::key("source", 0),
            Arg::key("destination", 1),
            Arg::one_of("wherefrom", SIDES),
            Arg::one_of("whereto", SIDES),
            Arg::double("timeout"),
            HOW_MANY,
        ],
        ..SPEC
    },
    run: blmovem,
};

const SPEC: Spec = Spec {
    keys: KEYS,
    group: Group::List,
    since: "8.10.0",
    complexity: "O(N) where N is the number of elements that are moved.",
    ..Spec::EMPTY
};

const HOW_MANY: Arg = Arg::block(
    "how-many",
    &[
        Arg::one_of(
            "selector",
            &[Arg::integer("count").token("COUNT"), Arg::integer("exactly").token("EXACTLY")],
        ),
        Arg::one_of("ordering", &[Arg::flag("obo", "OBO"), Arg::flag("bulk", "BULK")]),
    ],
)
.optional();

/// What is to be moved.
#[derive(Clone, Copy)]
struct Move {
    from: End,
    to: End,
    count: usize,
    /// All or nothing.
    exactly: bool,
    /// The elements keep the order that they have in the source.
    bulk: bool,
}

impl Move {
    /// Reads the sides, and from the `at`th word on how many.
    fn parse(args: Args<'_>, at: usize) -> Result<Self> {
        let (from, to) = (side(args.at(3))?, side(args.at(4))?);
        if args.len() == at {
            return Ok(Move { from, to, count: 1, exactly: false, bulk: false });
        }
        let exactly = args.is(at, "exactly");
        let bulk = args.is(at + 2, "bulk");
        let known = (exactly || args.is(at, "count")) && (bulk || args.is(at + 2, "obo"));
        if !known || args.len() != at + 3 {
            return Err(Error::Syntax);
        }
        let count = parse::count(args.at(at + 1)).ok().filter(|&count| count > 0);
        let count = count.ok_or(Error::text("ERR count should be greater than 0"))?;
        Ok(Move { from, to, count, exactly, bulk })
    }
}

/// The elements that are moved: copied, pushed, and answered.
fn cost(keys: &Keys<'_>, args: Args<'_>, at: usize) -> usize {
    const MOVE: usize = 4;
    match Move::parse(args, at) {
        Ok(what) if what.count > 1 => what.count.min(keys.elements(args.at(1))) * MOVE,
        _ => 0,
    }
}

/// Moves several elements from one list to another (or the same) and answers them in the order that
/// they have there. Answers their number; if it is 0, nothing has been written.
fn move_many(ctx: &mut Ctx<'_>, source: &[u8], target: &[u8], what: Move) -> Result<usize> {
    if ctx.keys.write::<List>(source)?.is_none() {
        return Ok(0);
    }
    // Refused before anything is taken.
    ctx.keys.write::<List>(target)?;
    let Some(list) = ctx.keys.write::<List>(source)? else { return Ok(0) };
    let len = list.len();
    if what.exactly && what.count > len {
        return Ok(0);
    }
    let count = what.count.min(len);
    let first = if what.from == End::Front { 0 } else { len - count };
    let range = list.range(first as i64, (first + count) as i64 - 1);
    let mut moved: Vec<Vec<u8>> = range.map(|element| element.to_vec()).collect();
    let removed = list.remove_range(first as u64..(first + count) as u64, ctx.limits);
    let emptied = list.is_empty();
    ctx.keys.discard_part(removed);
    // One by one, what is taken at an end and put to the same comes to lie in reverse.
    if !what.bulk && what.from == what.to {
        moved.reverse();
    }
    let list = ctx.keys.write_or_new::<List>(target)?;
    match what.to {
        End::Back => moved.iter().for_each(|element| list.push_back(element, ctx.limits)),
        End::Front => moved.iter().rev().for_each(|element| list.push_front(element, ctx.limits)),
    }
    ctx.wrote(target, Class::List, push_event(what.to), 0);
    popped(ctx, source, what.from, count, emptied);
    ctx.reply.array(count);
    moved.iter().for_each(|element| ctx.reply.bulk(element));
    Ok(count)
}

fn lmovem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let what = Move::parse(args, 5)?;
    match move_many(ctx, args.at(1), args.at(2), what)? {
        0 if what.exactly => ctx.reply.null(),
        0 => ctx.reply.array(0),
        _ => {}
    }
    Ok(())
}

fn blmovem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (source, target) = (args.at(1), args.at(2));
    side(args.at(3)).and_then(|_| side(args.at(4)))?;
    let timeout_ms = parse::timeout(args.at(5), ctx.keys.now())?;
    let what = Move::parse(args, 6)?;
    let moved = move_many(ctx, source, target, what)?;
    if moved > 0 {
        let (from, to) = (side_name(what.from), side_name(what.to));
        let order: &[u8] = if what.bulk { b"BULK" } else { b"OBO" };
        let mut buffer = [0; 21];
        let count = write_i64(moved as i64, &mut buffer);
        ctx.log_as([b"LMOVEM", source, target, from, to, b"EXACTLY", count, order]);
    } else if ctx.may_block() {
        ctx.block(BlockRequest::for_keys(vec![source.into()], timeout_ms, Type::List));
    } else {
        ctx.reply.null();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events};

    #[test]
    fn orders() {
        for (options, answer, source, target) in [
            ("LEFT LEFT", "[1]", "[2 3 4]", "[1 x]"),
            ("RIGHT LEFT", "[4]", "[1 2 3]", "[4 x]"),
            ("LEFT LEFT COUNT 2 OBO", "[2 1]", "[3 4]", "[2 1 x]"),
            ("LEFT LEFT COUNT 2 BULK", "[1 2]", "[3 4]", "[1 2 x]"),
            ("LEFT RIGHT COUNT 2 OBO", "[1 2]", "[3 4]", "[x 1 2]"),
            ("LEFT RIGHT COUNT 2 BULK", "[1 2]", "[3 4]", "[x 1 2]"),
            ("RIGHT RIGHT COUNT 3 OBO", "[4 3 2]", "[1]", "[x 4 3 2]"),
            ("RIGHT RIGHT COUNT 3 BULK", "[2 3 4]", "[1]", "[x 2 3 4]"),
            ("RIGHT LEFT exactly 3 obo", "[2 3 4]", "[1]", "[2 3 4 x]"),
            ("RIGHT LEFT EXACTLY 4 BULK", "[1 2 3 4]", "[]", "[1 2 3 4 x]"),
            ("LEFT RIGHT COUNT 9 BULK", "[1 2 3 4]", "[]", "[x 1 2 3 4]"),
            ("LEFT RIGHT EXACTLY 5 BULK", "nil", "[1 2 3 4]", "[x]"),
        ] {
            check(
                &format!(
                    "RPUSH s 1 2 3 4 | RPUSH d x | LMOVEM s d {options} | LRANGE s 0 -1 | \
                     LRANGE d 0 -1"
                ),
                &format!("4 | 1 | {answer} | {source} | {target}"),
            );
        }
    }

    #[test]
    fn within_one_list() {
        check(
            "RPUSH l a b c | LMOVEM l l LEFT LEFT EXACTLY 2 OBO | LRANGE l 0 -1 | \
             LMOVEM l l LEFT LEFT EXACTLY 3 BULK | LRANGE l 0 -1 | EXPIRE l 9 | \
             LMOVEM l l RIGHT LEFT COUNT 5 OBO | LRANGE l 0 -1 | TTL l",
            "3 | [b a] | [b a c] | [b a c] | [b a c] | 1 | [b a c] | [b a c] | 9",
        );
    }

    #[test]
    fn nothing_to_move() {
        check(
            "LMOVEM s d LEFT LEFT | LMOVEM s d LEFT LEFT COUNT 2 OBO | \
             LMOVEM s d LEFT LEFT EXACTLY 2 OBO | EXISTS d | MULTI | \
             BLMOVEM s d LEFT LEFT 0 COUNT 2 OBO | EXEC",
            "[] | [] | nil | 0 | OK | QUEUED | [nil]",
        );
    }

    #[test]
    fn refuses() {
        let (syntax, count) = ("ERR syntax error", "ERR count should be greater than 0");
        for (options, error) in [
            ("COUNT 2", syntax),
            ("COUNT 2 OBO x", syntax),
            ("SOME 2 OBO", syntax),
            ("COUNT 2 ANY", syntax),
            ("COUNT 0 OBO", count),
            ("EXACTLY -1 BULK", count),
            ("COUNT a BULK", count),
        ] {
            check(&format!("LMOVEM s d LEFT LEFT {options}"), error);
            check(&format!("BLMOVEM s d LEFT LEFT 0 {options}"), error);
        }
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "RPUSH s a b | SET d v | LMOVEM s d LEFT LEFT COUNT 2 OBO | LLEN s | \
             LMOVEM d s LEFT LEFT | BLMOVEM s d LEFT UP 0 | BLMOVEM s d LEFT LEFT x",
            &format!(
                "2 | OK | {wrong} | 2 | {wrong} | {syntax} | \
                 ERR timeout is not a float or out of range"
            ),
        );
    }

    #[test]
    fn waits_for_enough() {
        let mut server = TestServer::new();
        let (mut first, mut second) = (server.client(), server.client());
        server.run(&mut first, "BLMOVEM s d LEFT RIGHT 0 EXACTLY 3 BULK");
        assert_eq!(server.run(&mut second, "RPUSH s 1 2"), "2");
        assert_eq!(server.receive(&mut first), "");
        assert_eq!(server.run(&mut second, "LINSERT s BEFORE 1 0"), "3");
        assert_eq!(server.receive(&mut first), "[0 1 2]");
        assert_eq!(server.run(&mut second, "EXISTS s"), "0");
        server.run(&mut first, "BLMOVEM s d LEFT RIGHT 0.1 COUNT 3 OBO");
        assert_eq!(server.run(&mut second, "RPUSH s 7"), "1");
        assert_eq!(server.receive(&mut first), "[7]");
        server.run(&mut first, "BLMOVEM s d LEFT RIGHT 0.1");
        server.now += 100;
        assert_eq!(server.receive(&mut first), "nil");
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "RPUSH s 1 2 | LMOVEM s d LEFT RIGHT COUNT 2 OBO | LMOVEM d d LEFT RIGHT",
            "new s, rpush s, new d, rpush d, lpop s, del s, rpush d, lpop d",
            5,
        );
    }
}
