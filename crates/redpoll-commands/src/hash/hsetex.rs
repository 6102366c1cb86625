//! `HSETEX key [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT
//! unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]`.

use super::fields;
use super::times::{Setting, Time};
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::{Condition, Hash, Ttl};
use redpoll_types::number::write_i64;

pub const HSETEX: Command = Command {
    spec: Spec {
        name: "hsetex",
        cost: cost::INDEXED,
        arity: -6,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Hash,
        since: "8.0.0",
        summary: "Sets fields of a hash together with their expiry.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::key("key", 0), CONDITION, EXPIRATION, FIELDS],
        ..Spec::EMPTY
    },
    run,
};

const CONDITION: Arg =
    Arg::one_of("condition", &[Arg::flag("fnx", "FNX"), Arg::flag("fxx", "FXX")]).optional();

const EXPIRATION: Arg = Arg::one_of(
    "expiration",
    &[
        Arg::integer("seconds").token("EX"),
        Arg::integer("milliseconds").token("PX"),
        Arg::unix_time("unix-time-seconds").token("EXAT"),
        Arg::unix_time("unix-time-milliseconds").token("PXAT"),
        Arg::flag("keepttl", "KEEPTTL"),
    ],
)
.optional();

const FIELDS: Arg = Arg::block(
    "fields",
    &[
        Arg::integer("numfields"),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
    ],
)
.token("FIELDS");

/// On what fields the call depends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// FNX: none of them must be there.
    Absent,
    /// FXX: all of them must be there.
    Present,
}

/// What becomes of the fields' expiries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expiries {
    Clear,
    Keep,
    At(u64),
}

struct Options {
    when: When,
    expiries: Expiries,
    /// The index of the first field.
    first: usize,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, now) = (args.at(1), fields::now(ctx));
    let Options { when, expiries, first } = parse(args, now)?;
    let hash = ctx.keys.write::<Hash>(key)?;
    let is_there = |field| hash.as_ref().is_some_and(|hash| hash.contains(field, now));
    let mut names = args.iter_from(first).step_by(2);
    let allowed = match when {
        When::Always => true,
        When::Absent => !names.any(is_there),
        When::Present => names.all(is_there),
    };
    if allowed {
        set_all(ctx, args, first, expiries)?;
    }
    ctx.reply.int_bool(allowed);
    Ok(())
}

/// Sets the fields, of which the first name is the `first`th word, and their expiries.
fn set_all(ctx: &mut Ctx<'_>, args: Args<'_>, first: usize, expiries: Expiries) -> Result {
    let (key, count) = (args.at(1), (args.len() - first) / 2);
    let (now, limits, noted) = (fields::now(ctx), ctx.limits, Setting::is_noted(ctx));
    let (at, ttl) = match expiries {
        Expiries::Clear => (None, Ttl::Clear),
        Expiries::Keep => (None, Ttl::Keep),
        Expiries::At(at) => (Some(at), Ttl::Keep),
    };
    let setting = fields::change(ctx, key, |hash| {
        hash.expect(count, limits);
        let mut setting = Setting::new(hash, at.unwrap_or(0), Condition::Always, now, noted);
        for index in (first..args.len()).step_by(2) {
            let (field, value) = (args.at(index), args.at(index + 1));
            hash.set(field, value, ttl, now, limits);
            if at.is_some() {
                setting.apply(hash, field);
            }
        }
        Ok(setting)
    })?;
    setting.note(ctx, key);
    log(ctx, args, first, at, &setting);
    ctx.wrote_fields(key, "hset", count as u64, args.iter_from(first).step_by(2));
    if setting.set + setting.deleted > 0 {
        let event = if setting.deleted > 0 { "hdel" } else { "hexpire" };
        ctx.keys.field_event(key, event, setting.changed());
    }
    if setting.deleted > 0 {
        ctx.keys.drop_if_empty(key);
    }
    Ok(())
}

/// Tells the change log: times are told as they are for everybody, without what the call depended
/// on.
fn log(ctx: &mut Ctx<'_>, args: Args<'_>, first: usize, at: Option<u64>, setting: &Setting<'_>) {
    let Some(at) = at else { return };
    let key = args.at(1);
    if setting.deleted > 0 {
        return ctx.log_as([b"HDEL", key].into_iter().chain(args.iter_from(first).step_by(2)));
    }
    let mut buffer = [0; 21];
    let at = write_i64(at as i64, &mut buffer);
    let words = [b"HSETEX", key, b"PXAT", at].into_iter();
    ctx.log_as(words.chain(args.iter_from(first - 2)));
}

fn parse(args: Args<'_>, now: u64) -> Result<Options> {
    const ONE_EXPIRY: Error = Error::Text(std::borrow::Cow::Borrowed(
        "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
    ));
    let (mut when, mut expiries) = (When::Always, Expiries::Clear);
    let mut index = 2;
    while let Some(word) = args.get(index) {
        index += 1;
        if parse::is(word, "fields") {
            return Ok(Options { when, expiries, first: pairs(args, index)? });
        } else if let Some(time) = Time::option(word) {
            if expiries != Expiries::Clear {
                return Err(ONE_EXPIRY);
            }
            let word = args.get(index).ok_or(Error::text("ERR missing expire time"))?;
            expiries = Expiries::At(time.parse(word, now, "hsetex")?);
            index += 1;
        } else if parse::is(word, "keepttl") {
            if expiries != Expiries::Clear {
                return Err(ONE_EXPIRY);
            }
            expiries = Expiries::Keep;
        } else if parse::is(word, "fxx") || parse::is(word, "fnx") {
            if when != When::Always {
                return Err(Error::text("ERR Only one of FXX or FNX arguments can be specified"));
            }
            when = if parse::is(word, "fxx") { When::Present } else { When::Absent };
        } else {
            let word = String::from_utf8_lossy(word);
            return Err(Error::text(format!("ERR unknown argument: {word}")));
        }
    }
    Err(Error::arity("hsetex"))
}

/// The index of the first field, whose count is the `at`th word.
fn pairs(args: Args<'_>, at: usize) -> Result<usize> {
    let words = args.len().saturating_sub(at + 1);
    if words < 2 {
        return Err(Error::arity("hsetex"));
    }
    let count = parse::count(args.at(at)).ok();
    let count = count.filter(|&count| count > 0 && i32::try_from(count).is_ok());
    let count = count.ok_or(Error::text("ERR invalid number of fields"))?;
    if words % 2 == 1 || count != words / 2 {
        return Err(Error::arity("hsetex"));
    }
    Ok(at + 1)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn sets() {
        check(
            "HSETEX h FIELDS 2 a 1 b 2 | HGETALL h | HSETEX h EX 10 FIELDS 1 a 3 | \
             HTTL h FIELDS 2 a b | HSETEX h KEEPTTL FIELDS 1 a 4 | HTTL h FIELDS 1 a | \
             HSETEX h FIELDS 1 a 5 | HTTL h FIELDS 1 a | HGET h a",
            "1 | [a 1 b 2] | 1 | [10 -1] | 1 | [10] | 1 | [-1] | 5",
        );
        check(
            "HSETEX h PX 1500 FIELDS 1 a 1 | HSETEX h EXAT 1700000003 FIELDS 1 b 2 | \
             HSETEX h PXAT 1700000000500 FIELDS 1 c 3 | HPTTL h FIELDS 3 a b c | ~501 | HKEYS h",
            "1 | 1 | 1 | [1500 3000 500] | ~ | [a b]",
        );
    }

    #[test]
    fn past_times_leave_nothing() {
        check(
            "HSETEX h EX 0 FIELDS 1 a 1 | HLEN h | HSET h b 1 | HSETEX h PXAT 5 FIELDS 1 b 2 | \
             HLEN h | HSETEX h PXAT 5 FIELDS 1 b 2",
            "1 | 0 | 1 | 1 | 0 | 1",
        );
    }

    #[test]
    fn conditions() {
        check(
            "HSETEX h FXX FIELDS 1 a 1 | HSETEX h FNX FIELDS 2 a 1 b 2 | \
             HSETEX h FNX FIELDS 2 c 1 a 2 | \
             HSETEX h FXX EX 5 FIELDS 2 a 7 c 8 | HSETEX h EX 5 FXX FIELDS 2 a 7 b 8 | HGETALL h | \
             HTTL h FIELDS 1 a | ~5001 | HSETEX h fnx FIELDS 1 a 9 | HGETALL h",
            "0 | 1 | 0 | 0 | 1 | [a 7 b 8] | [5] | ~ | 1 | [a 9]",
        );
    }

    #[test]
    fn refuses() {
        const ARITY: &str = "ERR wrong number of arguments for 'hsetex' command";
        const ONE: &str =
            "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
        check(
            "HSETEX h FIELDS 1 a | HSETEX h FIELDS 2 a 1 | HSETEX h FIELDS 1 a 1 b | \
             HSETEX h EX 1 FIELDS 1 | HSETEX h FIELDS 0 a 1 | HSETEX h FIELDS x a 1 | \
             HSETEX h EX 1 KEEPTTL FXX",
            &format!(
                "{ARITY} | {ARITY} | {ARITY} | {ARITY} | ERR invalid number of fields | \
                 ERR invalid number of fields | {ONE}"
            ),
        );
        check(
            "HSETEX h FXX FXX FXX EX | HSETEX h FXX FNX FIELDS 1 a 1 | \
             HSETEX h FXX KEEPTTL FXX X | \
             HSETEX h KEEPTTL EX 1 FIELDS 1 a 1 | HSETEX h NX FIELDS 1 a 1 | \
             HSETEX h FXX KEEPTTL KEEPTTL EX",
            &format!(
                "ERR Only one of FXX or FNX arguments can be specified | \
                 ERR Only one of FXX or FNX arguments can be specified | \
                 ERR Only one of FXX or FNX arguments can be specified | {ONE} | \
                 ERR unknown argument: NX | {ONE}"
            ),
        );
        check(
            "HSETEX h EX x FIELDS 1 a 1 | HSETEX h EX -1 FIELDS 1 a 1 | \
             HSETEX h PX 70368744177663 FIELDS 1 a 1 | HSETEX h FNX FIELDS 1 a 1 EX | \
             SET t v | HSETEX t X FIELDS 1 a 1 | HSETEX t FIELDS 1 a 1",
            &format!(
                "ERR value is not an integer or out of range | \
                 ERR invalid expire time, must be >= 0 | \
                 ERR invalid expire time in 'hsetex' command | {ARITY} | OK | \
                 ERR unknown argument: X | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "HSETEX h FIELDS 2 a 1 b 2 | HSETEX h EX 9 FIELDS 1 a 1 | HSETEX h FNX FIELDS 1 a 1 | \
             HSETEX h EX 0 FIELDS 2 a 1 b 1",
            "new h, hset h, hset h, hexpire h, hset h, hdel h, del h",
            5,
        );
    }
}
