//! `INCREX key [BYINT increment | BYFLOAT increment] [LBOUND lowerbound] [UBOUND upperbound]
//! [SATURATE] [EX seconds | PX milliseconds | EXAT … | PXAT … | PERSIST] [ENX]`: a counter with
//! bounds and a time to live.

use super::expiry::{Unit, expiry_args};
use crate::prelude::*;
use redpoll_keyspace::StrRef;
use redpoll_types::number::{LongDouble, write_i64};
use std::cmp::Ordering;

pub const INCREX: Command = Command {
    spec: Spec {
        name: "increx",
        arity: -2,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::String,
        since: "8.8.0",
        summary: "Adds a number to the value of a key within bounds, and sets its time to live.",
        args: &[
            Arg::key("key", 0),
            Arg::one_of(
                "increment",
                &[Arg::double("float").token("BYFLOAT"), Arg::integer("integer").token("BYINT")],
            )
            .optional(),
            Arg::string("lowerbound").token("LBOUND").optional(),
            Arg::string("upperbound").token("UBOUND").optional(),
            Arg::flag("saturate", "SATURATE").optional(),
            expiry_args!(Arg::flag("persist", "PERSIST")),
            Arg::flag("enx", "ENX").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let options = Options::parse(args)?;
    let deadline = match options.deadline {
        Some((unit, word)) => Some(unit.deadline(word, ctx.keys.now(), "increx")?),
        None => None,
    };
    match options.float {
        true => add_float(ctx, args.at(1), &options, deadline),
        false => add_int(ctx, args.at(1), &options, deadline),
    }
}

fn add_int(ctx: &mut Ctx<'_>, key: &[u8], options: &Options<'_>, deadline: Option<i64>) -> Result {
    let read = |word: Option<&[u8]>, default| word.map_or(Ok(default), parse::int);
    let by = read(options.by, 1)?;
    let (low, high) = (read(options.lower, i64::MIN)?, read(options.upper, i64::MAX)?);
    if low > high {
        return Err(BOUNDS);
    }
    let before = match ctx.keys.string_for_write(key)? {
        None => 0,
        Some(value) => value.as_int().ok_or(Error::NotInteger)?,
    };
    let sum = i128::from(before) + i128::from(by);
    let after = sum.clamp(low.into(), high.into()) as i64;
    ctx.reply.array(2);
    if i128::from(after) != sum && !options.saturate {
        ctx.reply.int(before);
        ctx.reply.int(0);
        return Ok(());
    }
    let delta = after.checked_sub(before);
    let delta = delta.ok_or(Error::text("ERR increment or decrement would overflow"))?;
    ctx.reply.int(after);
    ctx.reply.int(delta);
    let expiry = options.expiry(ctx, key, deadline);
    ctx.keys.set_int(key, after, stored(ctx, expiry));
    settle(ctx, key, "incrby", write_i64(after, &mut [0; 21]), (options, expiry));
    Ok(())
}

fn add_float(
    ctx: &mut Ctx<'_>,
    key: &[u8],
    options: &Options<'_>,
    deadline: Option<i64>,
) -> Result {
    const INFINITE: Error =
        Error::Text(std::borrow::Cow::Borrowed("ERR value or increment would produce Infinity"));
    let read = |word: Option<&[u8]>, default| match word {
        Some(word) => LongDouble::parse(word).ok_or(Error::NotFloat),
        None => Ok(default),
    };
    let by = read(options.by, LongDouble::from(1))?;
    let (low, high) =
        (read(options.lower, -LongDouble::MAX)?, read(options.upper, LongDouble::MAX)?);
    if low.compare(high) == Ordering::Greater {
        return Err(BOUNDS);
    }
    let before = match ctx.keys.string_for_write(key)? {
        None => Some(LongDouble::ZERO),
        Some(StrRef::Int(value)) => Some(LongDouble::from(value)),
        Some(text) => text.with(LongDouble::parse),
    };
    let before = before.ok_or(Error::NotFloat)?;
    if !by.is_finite() || !before.is_finite() {
        return Err(INFINITE);
    }
    let sum = before + by;
    let capped = match () {
        () if sum.compare(low) == Ordering::Less => Some(low),
        () if sum.compare(high) == Ordering::Greater => Some(high),
        () => None,
    };
    ctx.reply.array(2);
    if capped.is_some() && !options.saturate {
        ctx.reply.double_text(before.to_string().as_bytes());
        ctx.reply.double_text(b"0");
        return Ok(());
    }
    let after = capped.unwrap_or(sum);
    let delta = if capped.is_some() { after + -before } else { by };
    if !after.is_finite() || !delta.is_finite() {
        return Err(INFINITE);
    }
    let text = after.to_string();
    ctx.reply.double_text(text.as_bytes());
    ctx.reply.double_text(delta.to_string().as_bytes());
    let expiry = options.expiry(ctx, key, deadline);
    ctx.keys.set_text(key, text.as_bytes(), stored(ctx, expiry));
    settle(ctx, key, "incrbyfloat", text.as_bytes(), (options, expiry));
    Ok(())
}

/// The expiry to store: a key that is about to be deleted must not be met as expired before.
fn stored(ctx: &Ctx<'_>, expiry: Expiry) -> Expiry {
    match expiry {
        Expiry::At(at) if at <= ctx.keys.now() => Expiry::Keep,
        other => other,
    }
}

/// Tells what has been done, and deletes the key if its new time to live is over.
fn settle(
    ctx: &mut Ctx<'_>,
    key: &[u8],
    event: &'static str,
    value: &[u8],
    (options, expiry): (&Options<'_>, Expiry),
) {
    ctx.wrote(key, Class::String, event, 1);
    match expiry {
        Expiry::At(at) if at <= ctx.keys.now() => {
            ctx.keys.delete(key);
            ctx.wrote(key, Class::Generic, "del", 0);
            ctx.log_as([b"DEL", key]);
        }
        Expiry::At(at) => {
            ctx.keys.event(key, Class::Generic, "expire");
            ctx.log_as([b"SET", key, value, b"PXAT", write_i64(at, &mut [0; 21])]);
        }
        Expiry::Clear => {
            if options.persist {
                ctx.keys.event(key, Class::Generic, "persist");
            }
            ctx.log_as([b"SET", key, value]);
        }
        Expiry::Keep => ctx.log_as([b"SET", key, value, b"KEEPTTL"]),
    }
}

const BOUNDS: Error =
    Error::Text(std::borrow::Cow::Borrowed("ERR LBOUND can't be greater than UBOUND"));

/// The options as they stand, not yet read as numbers.
#[derive(Default)]
struct Options<'a> {
    float: bool,
    by: Option<&'a [u8]>,
    lower: Option<&'a [u8]>,
    upper: Option<&'a [u8]>,
    saturate: bool,
    deadline: Option<(Unit, &'a [u8])>,
    persist: bool,
    only_new: bool,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>) -> Result<Self> {
        let mut options = Options::default();
        let mut words = args.iter_from(2);
        while let Some(word) = words.next() {
            if parse::is(word, "saturate") {
                options.saturate = true;
            } else if parse::is(word, "enx") {
                options.only_new = true;
            } else if parse::is(word, "persist") && options.deadline.is_none() {
                options.persist = true;
            } else {
                options.valued(word, words.next().ok_or(Error::Syntax)?)?;
            }
        }
        if options.only_new && options.persist {
            return Err(Error::Syntax);
        }
        if options.only_new && options.deadline.is_none() {
            return Err(Error::text("ERR ENX flag requires an expiration"));
        }
        Ok(options)
    }

    /// Reads an option with a word behind it; none may come twice.
    fn valued(&mut self, option: &[u8], word: &'a [u8]) -> Result {
        let unit = Unit::of_option(option);
        let (slot, float) = match option {
            _ if parse::is(option, "byint") => (&mut self.by, false),
            _ if parse::is(option, "byfloat") => (&mut self.by, true),
            _ if parse::is(option, "lbound") => (&mut self.lower, self.float),
            _ if parse::is(option, "ubound") => (&mut self.upper, self.float),
            _ if self.persist || self.deadline.is_some() => return Err(Error::Syntax),
            _ => {
                self.deadline = Some((unit.ok_or(Error::Syntax)?, word));
                return Ok(());
            }
        };
        if slot.replace(word).is_some() {
            return Err(Error::Syntax);
        }
        self.float = float;
        Ok(())
    }

    /// What becomes of the key's expiry.
    fn expiry(&self, ctx: &mut Ctx<'_>, key: &[u8], deadline: Option<i64>) -> Expiry {
        let has_one = ctx.keys.expiry(key).flatten().is_some();
        match deadline {
            Some(at) if !(self.only_new && has_one) => Expiry::At(at),
            None if self.persist && has_one => Expiry::Clear,
            _ => Expiry::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, raw3};

    #[test]
    fn counts() {
        check("INCREX k | INCREX k | INCREX k BYINT -10 | GET k", "[1 1] | [2 1] | [-8 -10] | -8");
        check("SET k 1.5 | INCREX k BYFLOAT 0.25 | GET k", "OK | [1.75 0.25] | 1.75");
        check("SET k 3 | INCREX k BYFLOAT 0.5", "OK | [3.5 0.5]");
        check("INCREX k | OBJECT ENCODING k", "[1 1] | int");
        assert_eq!(raw3("INCREX k BYFLOAT 0.5"), "*2\r\n,0.5\r\n,0.5\r\n");
    }

    #[test]
    fn stays_within_bounds() {
        check(
            "SET k 99 EX 9 | INCREX k BYINT 5 UBOUND 100 EX 50 | TTL k | \
             INCREX k BYINT 5 UBOUND 100 SATURATE | INCREX k BYINT -500 saturate LBOUND 0",
            "OK | [99 0] | 9 | [100 1] | [0 -100]",
        );
        check("INCREX k BYINT 5 UBOUND 3 | EXISTS k", "[0 0] | 0");
        check(
            "SET k 9223372036854775800 | INCREX k BYINT 100 | INCREX k BYINT 100 SATURATE | \
             SET k -9 | INCREX k BYINT -9223372036854775808 SATURATE",
            "OK | [9223372036854775800 0] | [9223372036854775807 7] | OK | \
             [-9223372036854775808 -9223372036854775799]",
        );
        check(
            "SET k -5 | INCREX k LBOUND 9223372036854775807 SATURATE | GET k",
            "OK | ERR increment or decrement would overflow | -5",
        );
        check(
            "SET k 10 | INCREX k BYFLOAT 100 UBOUND 42.5 | INCREX k BYFLOAT 100 UBOUND 42.5 \
             SATURATE | INCREX k LBOUND 42.75 BYFLOAT 0 SATURATE",
            "OK | [10 0] | [42.5 32.5] | [42.75 0.25]",
        );
        check("SET k 10 | INCREX k BYFLOAT -1 LBOUND 9 UBOUND 9", "OK | [9 -1]");
    }

    #[test]
    fn sets_the_time_to_live() {
        check("INCREX k EX 10 | TTL k | INCREX k | TTL k", "[1 1] | 10 | [2 1] | 10");
        check("SET k 1 EX 9 | INCREX k PERSIST | TTL k", "OK | [2 1] | -1");
        check(
            "INCREX k EX 10 ENX | TTL k | INCREX k EX 90 ENX | TTL k | INCREX k PXAT 1 ENX | GET k",
            "[1 1] | 10 | [2 1] | 10 | [3 1] | 3",
        );
        check("SET k 5 | INCREX k EXAT 1 | EXISTS k", "OK | [6 1] | 0");
    }

    #[test]
    fn refuses() {
        for options in [
            "FOO",
            "BYINT",
            "BYINT 1 BYFLOAT 1",
            "EX 1 PX 1",
            "EX 1 PERSIST",
            "PERSIST EX 1",
            "PERSIST ENX",
            "KEEPTTL",
            "BYINT 1 BYINT 1",
        ] {
            check(&format!("INCREX k {options} | EXISTS k"), "ERR syntax error | 0");
        }
        let (int, float) =
            ("ERR value is not an integer or out of range", "ERR value is not a valid float");
        check(
            "INCREX k BYINT 1.5 | INCREX k LBOUND 1.5 | INCREX k BYFLOAT x | INCREX k EX x",
            &format!("{int} | {int} | {float} | {int}"),
        );
        check("SET k x | INCREX k | INCREX k BYFLOAT 1", &format!("OK | {int} | {float}"));
        let bounds = "ERR LBOUND can't be greater than UBOUND";
        check(
            "INCREX k LBOUND 2 UBOUND 1 | INCREX k BYFLOAT 1 LBOUND 2.5 UBOUND 2",
            &format!("{bounds} | {bounds}"),
        );
        let infinite = "ERR value or increment would produce Infinity";
        check(
            "INCREX k BYFLOAT inf | SET k inf | INCREX k BYFLOAT 1",
            &format!("{infinite} | OK | {infinite}"),
        );
        check(
            "INCREX k ENX | INCREX k EX 0 | RPUSH l a | INCREX l",
            "ERR ENX flag requires an expiration | ERR invalid expire time in 'increx' command | \
             1 | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "INCREX k EX 9 | INCREX k BYFLOAT 1 PERSIST | INCREX k EXAT 1 | INCREX k UBOUND 0",
            "new k, incrby k, expire k, incrbyfloat k, persist k, incrby k, del k",
            3,
        );
    }
}
