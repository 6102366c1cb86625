//! `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member...`, `ZINCRBY key increment member`.

use crate::prelude::*;
use redpoll_types::zset::{Update, Updated, ZSet};

pub const ZADD: Command = Command {
    spec: Spec {
        name: "zadd",
        history: &[
            ("2.4.0", "Takes several members."),
            ("3.0.2", "The options `XX`, `NX`, `CH` and `INCR`."),
            ("6.2.0", "The options `GT` and `LT`."),
        ],
        arity: -4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Adds members to a sorted set, which is made if need be, or changes scores.",
        complexity: "O(log N) for each member, where N is the number of members in the set.",
        args: &[
            Arg::key("key", 0),
            Arg::one_of("condition", &[Arg::flag("nx", "NX"), Arg::flag("xx", "XX")])
                .since("3.0.2")
                .optional(),
            Arg::one_of("comparison", &[Arg::flag("gt", "GT"), Arg::flag("lt", "LT")])
                .since("6.2.0")
                .optional(),
            Arg::flag("change", "CH").since("3.0.2").optional(),
            Arg::flag("increment", "INCR").since("3.0.2").optional(),
            Arg::block("data", &[Arg::double("score"), Arg::string("member")]).multiple(),
        ],
        ..Spec::EMPTY
    },
    run: |ctx, args| add(ctx, args, false),
};

pub const ZINCRBY: Command = Command {
    spec: Spec {
        name: "zincrby",
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::SortedSet,
        since: "1.2.0",
        summary: "Adds to the score of a member, which begins with 0.",
        complexity: "O(log N) where N is the number of members in the set.",
        args: &[Arg::key("key", 0), Arg::integer("increment"), Arg::string("member")],
        ..Spec::EMPTY
    },
    run: |ctx, args| add(ctx, args, true),
};

/// The options, and where the first score is.
struct Options {
    how: Update,
    /// CH: changed members are counted, too.
    count_changed: bool,
    at: usize,
}

fn add(ctx: &mut Ctx<'_>, args: Args<'_>, increment: bool) -> Result {
    let Options { how, count_changed, at } = options(args, increment)?;
    // The scores are read before anything is changed. The first one, mostly the only one, costs no
    // allocation.
    let first = parse::float(args.at(at))?;
    let mut others = Vec::new();
    for word in args.iter_from(at + 2).step_by(2) {
        others.push(parse::float(word)?);
    }
    let key = args.at(1);
    let set = match how.only_present {
        true => ctx.keys.write::<ZSet>(key)?,
        false => Some(ctx.keys.write_or_new::<ZSet>(key)?),
    };
    let (mut added, mut changed, mut last) = (0u64, 0u64, None);
    if let Some(set) = set {
        set.expect(1 + others.len(), ctx.limits);
        let members = args.iter_from(at + 1).step_by(2);
        for (score, member) in std::iter::once(first).chain(others).zip(members) {
            let updated = set.update(member, score, how, ctx.limits);
            match updated {
                Updated::Added(_) => added += 1,
                Updated::Changed(_) => changed += 1,
                Updated::Same(_) | Updated::Refused => {}
                // Only an increment can come to this, and there is but one.
                Updated::NotANumber => return Err(Error::NaN),
            }
            last = updated.score();
        }
    }
    if added + changed > 0 {
        let event = if how.increment { "zincr" } else { "zadd" };
        ctx.wrote(key, Class::ZSet, event, added + changed);
    }
    match (how.increment, last) {
        (true, Some(score)) => ctx.reply.double(score),
        (true, None) => ctx.reply.null(),
        (false, _) if count_changed => ctx.reply.int((added + changed) as i64),
        (false, _) => ctx.reply.int(added as i64),
    }
    Ok(())
}

fn options(args: Args<'_>, increment: bool) -> Result<Options> {
    let mut how = Update { increment, ..Update::default() };
    let mut count_changed = false;
    let mut at = 2;
    for word in args.iter_from(2) {
        match word {
            _ if parse::is(word, "nx") => how.only_new = true,
            _ if parse::is(word, "xx") => how.only_present = true,
            _ if parse::is(word, "ch") => count_changed = true,
            _ if parse::is(word, "incr") => how.increment = true,
            _ if parse::is(word, "gt") => how.only_greater = true,
            _ if parse::is(word, "lt") => how.only_less = true,
            _ => break,
        }
        at += 1;
    }
    let words = args.len() - at;
    let Update { only_new, only_present, only_greater, only_less, increment } = how;
    let conflict = match () {
        _ if words == 0 || words % 2 == 1 => return Err(Error::Syntax),
        _ if only_new && only_present => {
            "ERR XX and NX options at the same time are not compatible"
        }
        _ if only_new && (only_greater || only_less) || only_greater && only_less => {
            "ERR GT, LT, and/or NX options at the same time are not compatible"
        }
        _ if increment && words > 2 => "ERR INCR option supports a single increment-element pair",
        _ => return Ok(Options { how, count_changed, at }),
    };
    Err(Error::text(conflict))
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events, configure, raw3};

    #[test]
    fn adds_and_changes() {
        check(
            "ZADD z 1 a 2 b | ZADD z 3 a 4 c | ZADD z CH 5 a 4 c 6 d | ZRANGE z 0 -1 WITHSCORES",
            "2 | 1 | 2 | [b 2 c 4 a 5 d 6]",
        );
        check("ZADD z 1 a 2 a | ZSCORE z a", "1 | 2");
        check(
            "ZADD z inf a -inf b +inf c 1.5e3 d -0 e 0.1 f | ZRANGE z 0 -1 WITHSCORES",
            "6 | [b -inf e 0 f 0.1 d 1500 a inf c inf]",
        );
    }

    #[test]
    fn conditions() {
        check(
            "ZADD z XX 1 a | ZADD z NX 1 a | ZADD z NX 2 a 3 b | ZADD z XX CH 4 a 5 c | \
             ZRANGE z 0 -1 WITHSCORES",
            "0 | 1 | 1 | 1 | [b 3 a 4]",
        );
        check(
            "ZADD z 5 a | ZADD z GT CH 4 a 1 b | ZADD z LT CH 6 a 0 b | ZADD z gt CH 6 a | \
             ZADD z XX LT ch 1 a 1 c | ZRANGE z 0 -1 WITHSCORES",
            "1 | 1 | 1 | 1 | 1 | [b 0 a 1]",
        );
    }

    #[test]
    fn increments() {
        check(
            "ZADD z INCR 1.5 a | ZADD z INCR 1 a | ZADD z NX INCR 1 a | ZADD z XX INCR 1 b | \
             ZADD z GT INCR -1 a | ZADD z LT INCR -1 a | ZADD none XX INCR 1 a",
            "1.5 | 2.5 | nil | nil | nil | 1.5 | nil",
        );
        check("ZINCRBY z 3 a | ZINCRBY z -5 a | ZINCRBY z 0.5 a", "3 | -2 | -1.5");
        check(
            "ZADD z inf a | ZINCRBY z -inf a | ZSCORE z a",
            "1 | ERR resulting score is not a number (NaN) | inf",
        );
        assert_eq!(
            raw3("ZADD z INCR 1.5 a | ZADD z XX INCR 1 b | ZINCRBY z 1 a"),
            ",1.5\r\n_\r\n,2.5\r\n"
        );
    }

    #[test]
    fn refuses() {
        let float = "ERR value is not a valid float";
        check("ZADD z x a | ZADD z nan a", &format!("{float} | {float}"));
        check("ZADD z 1 a x b | ZCARD z", &format!("{float} | 0"));
        check("ZADD z 1 a 2 | ZADD z NX CH | ZINCRBY z nx a", {
            "ERR syntax error | ERR syntax error | ERR syntax error"
        });
        check(
            "ZADD z NX XX 1 a | ZADD z NX GT 1 a | ZADD z GT LT 1 a | ZADD z INCR 1 a 2 b",
            "ERR XX and NX options at the same time are not compatible | \
             ERR GT, LT, and/or NX options at the same time are not compatible | \
             ERR GT, LT, and/or NX options at the same time are not compatible | \
             ERR INCR option supports a single increment-element pair",
        );
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "SET t v | ZADD t 1 a | ZADD t XX 1 a | ZINCRBY t 1 a | ZINCRBY t x a",
            &format!("OK | {wrong} | {wrong} | {wrong} | {float}"),
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "ZADD z 1 a 2 b | ZADD z 1 a 3 b | ZADD z 1 a | ZADD z XX 1 c | ZINCRBY z 1 a | \
             ZADD z INCR 0 a",
            "new z, zadd z, zadd z, zincr z",
            4,
        );
    }

    #[test]
    fn large_sets() {
        let mut server = TestServer::new();
        configure(&server, "zset-max-listpack-entries", "10");
        let mut client = server.client();
        for number in (0..100).rev() {
            server.run(&mut client, &format!("ZADD z {number} m{number}"));
        }
        assert_eq!(server.run(&mut client, "ZRANGE z 0 2"), "[m0 m1 m2]");
        assert_eq!(server.run(&mut client, "ZADD z CH 50.5 m0 1 m1"), "1");
        assert_eq!(server.run(&mut client, "ZRANK z m0"), "50");
    }
}
