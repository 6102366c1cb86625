//! `MSETEX numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT … |
//! PXAT … | KEEPTTL]`: set several keys with one time to live, all or none.

use super::expiry::{Unit, expiry_args, set};
use crate::prelude::*;
use redpoll_engine::spec::Find;

pub const MSETEX: Command = Command {
    spec: Spec {
        name: "msetex",
        arity: -4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::at(1).find(Find::Counted { count: 0, first: 1, step: 2 }).ow().update()],
        group: Group::String,
        since: "8.4.0",
        summary: "Gives several keys their string values and one time to live in one step.",
        complexity: "O(N) where N is the number of keys.",
        args: &[
            Arg::integer("numkeys"),
            Arg::block("data", &[Arg::key("key", 0), Arg::string("value")]).multiple(),
            Arg::one_of("condition", &[Arg::flag("nx", "NX"), Arg::flag("xx", "XX")]).optional(),
            expiry_args!(Arg::flag("keepttl", "KEEPTTL")),
        ],
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let count = parse::int(args.at(1)).ok().filter(|count| (1..=i32::MAX.into()).contains(count));
    let count = count.ok_or(Error::text("ERR invalid numkeys value"))? as usize;
    if count > (args.len() - 2) / 2 {
        return Err(Error::text("ERR wrong number of key-value pairs"));
    }
    let (when, expiry) = options(args, 2 + 2 * count, ctx.keys.now())?;
    let pairs = (0..count).map(|pair| (args.at(2 + 2 * pair), args.at(3 + 2 * pair)));
    let allowed = match when {
        When::Always => true,
        When::Absent => pairs.clone().all(|(key, _)| !ctx.keys.contains(key)),
        When::Present => pairs.clone().all(|(key, _)| ctx.keys.contains(key)),
    };
    if allowed {
        for (key, value) in pairs {
            set(ctx, key, value, expiry, When::Always);
        }
    }
    if allowed && expiry == Expiry::Keep {
        log_each(ctx, args, count);
    } else if allowed && expiry == Expiry::Clear {
        ctx.log_as([&b"MSET"[..]].into_iter().chain(args.iter_from(2).take(2 * count)));
    }
    ctx.reply.int_bool(allowed);
    Ok(())
}

/// Tells the change log of values whose expiries stay.
fn log_each(ctx: &mut Ctx<'_>, args: Args<'_>, count: usize) {
    for index in (2..2 + 2 * count).step_by(2) {
        ctx.log_as([b"SET", args.at(index), args.at(index + 1), b"KEEPTTL"]);
    }
}

/// Reads the options from the `at`th word on.
fn options(args: Args<'_>, at: usize, now: i64) -> Result<(When, Expiry)> {
    let (mut when, mut expiry) = (When::Always, Expiry::Clear);
    let mut words = args.iter_from(at);
    while let Some(word) = words.next() {
        if parse::is(word, "nx") && when != When::Present {
            when = When::Absent;
        } else if parse::is(word, "xx") && when != When::Absent {
            when = When::Present;
        } else if expiry != Expiry::Clear {
            return Err(Error::Syntax);
        } else if parse::is(word, "keepttl") {
            expiry = Expiry::Keep;
        } else {
            let unit = Unit::of_option(word).ok_or(Error::Syntax)?;
            let number = words.next().ok_or(Error::Syntax)?;
            expiry = Expiry::At(unit.deadline(number, now, "msetex")?);
        }
    }
    Ok((when, expiry))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn sets_all() {
        check("MSETEX 2 a 1 b x | MGET a b | TTL a", "1 | [1 x] | -1");
        check("MSETEX 2 a 1 b 2 EX 10 | TTL a | PTTL b", "1 | 10 | 10000");
        check("SET a 1 EX 9 | MSETEX 2 a 2 b 3 KEEPTTL | TTL a | TTL b", "OK | 1 | 9 | -1");
        check(
            "SET a 1 EX 9 | MSETEX 1 a 2 | TTL a | MSETEX 1 a 2 PXAT 5 | GET a",
            "OK | 1 | -1 | 1 | nil",
        );
        check("RPUSH a x | MSETEX 1 a NX EX 7 XX | GET a", "1 | 1 | NX");
    }

    #[test]
    fn conditions() {
        check(
            "MSETEX 2 a 1 b 2 XX | MSETEX 2 a 1 b 2 NX PX 500 | MSETEX 2 b 3 c 4 nx | \
             MSETEX 2 b 3 c 4 xx | PTTL b | MSETEX 2 a 5 b 6 XX | MGET a b c",
            "0 | 1 | 0 | 0 | 500 | 1 | [5 6 nil]",
        );
    }

    #[test]
    fn refuses() {
        let numkeys = "ERR invalid numkeys value";
        check(
            "MSETEX 0 a 1 | MSETEX x a 1 | MSETEX 2147483648 a 1 | MSETEX 2 a 1 b",
            &format!("{numkeys} | {numkeys} | {numkeys} | ERR wrong number of key-value pairs"),
        );
        for options in ["NX XX", "EX", "EX 1 PX 1", "KEEPTTL EX 1", "EX 1 KEEPTTL", "GET"] {
            check(&format!("MSETEX 1 a 1 {options} | EXISTS a"), "ERR syntax error | 0");
        }
        check(
            "MSETEX 1 a 1 EX 0 | MSETEX 1 a 1 EX x",
            "ERR invalid expire time in 'msetex' command | \
             ERR value is not an integer or out of range",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("MSETEX 2 a 1 b 2 EX 9", "new a, set a, expire a, new b, set b, expire b", 2);
    }
}
