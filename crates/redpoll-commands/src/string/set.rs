//! `SET key value [NX | XX | IFEQ … | IFNE … | IFDEQ … | IFDNE …] [GET] [EX seconds | PX
//! milliseconds | EXAT … | PXAT … | KEEPTTL]`.

use super::compare::{Compare, condition_args};
use super::expiry::{Unit, expiry_args, put, set};
use crate::prelude::*;

pub const SET: Command = Command {
    spec: Spec {
        name: "set",
        history: &[
            ("2.6.12", "The options `EX`, `PX`, `NX` and `XX`."),
            ("6.0.0", "The option `KEEPTTL`."),
            ("6.2.0", "The options `GET`, `EXAT` and `PXAT`."),
            ("7.0.0", "`NX` and `GET` go together."),
            ("8.4.0", "The options `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE`."),
        ],
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().access().update().variable_flags()],
        group: Group::String,
        since: "1.0.0",
        summary: "Gives a key a string value, whatever it held before.",
        args: &[
            Arg::key("key", 0),
            Arg::string("value"),
            condition_args!(Arg::flag("nx", "NX"), Arg::flag("xx", "XX")).since("2.6.12"),
            Arg::flag("get", "GET").since("6.2.0").optional(),
            expiry_args!(Arg::flag("keepttl", "KEEPTTL")),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, value) = (args.at(1), args.at(2));
    if args.len() == 3 {
        ctx.keys.set_string(key, value, Expiry::Clear);
        ctx.wrote(key, Class::String, "set", 1);
        ctx.reply.ok();
        return Ok(());
    }
    let options = Options::parse(args)?;
    let expiry = match options.deadline {
        Some((unit, word)) => Expiry::At(unit.deadline(word, ctx.keys.now(), "set")?),
        None if options.keep => Expiry::Keep,
        None => Expiry::Clear,
    };
    if options.get {
        match ctx.keys.string(key)? {
            Some(text) => text.with(|bytes| ctx.reply.bulk(bytes)),
            None => ctx.reply.null(),
        }
    }
    let holds = match options.compare {
        Some(compare) => compare.holds(ctx, key)?,
        None => true,
    };
    let as_it_came =
        options.compare.is_none() && matches!(options.deadline, Some((Unit::MillisAt, _)));
    let set = if as_it_came { put } else { set };
    let done = holds && set(ctx, key, value, expiry, options.when);
    match (options.get, done) {
        (false, true) => ctx.reply.ok(),
        (false, false) => ctx.reply.null(),
        (true, _) => {}
    }
    if done && options.deadline.is_none() && (options.get || options.compare.is_some()) {
        let keep = options.keep.then_some(&b"KEEPTTL"[..]);
        ctx.log_as([b"SET", key, value].into_iter().chain(keep));
    }
    Ok(())
}

/// The options as they stand, not yet read as numbers: Redis complains of form first.
struct Options<'a> {
    when: When,
    compare: Option<Compare<'a>>,
    get: bool,
    keep: bool,
    deadline: Option<(Unit, &'a [u8])>,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>) -> Result<Self> {
        let mut options =
            Options { when: When::Always, compare: None, get: false, keep: false, deadline: None };
        let mut words = args.iter_from(3);
        while let Some(word) = words.next() {
            let compare = options.compare;
            if parse::is(word, "NX") && options.when != When::Present && compare.is_none() {
                options.when = When::Absent;
            } else if parse::is(word, "XX") && options.when != When::Absent && compare.is_none() {
                options.when = When::Present;
            } else if parse::is(word, "GET") {
                options.get = true;
            } else if parse::is(word, "KEEPTTL") && options.deadline.is_none() {
                options.keep = true;
            } else {
                options.valued(word, words.next())?;
            }
        }
        Ok(options)
    }

    /// Reads an option with a word behind it: a comparison, or a time. The same time may come
    /// twice, and the last counts.
    fn valued(&mut self, word: &[u8], number: Option<&'a [u8]>) -> Result {
        if let Some(compare) = number.and_then(|number| Compare::option(word, number)) {
            if self.compare.is_some() || self.when != When::Always {
                return Err(Error::Syntax);
            }
            self.compare = Some(compare);
            return Ok(());
        }
        let unit = Unit::of_option(word).ok_or(Error::Syntax)?;
        let number = number.ok_or(Error::Syntax)?;
        if self.keep || self.deadline.is_some_and(|(other, _)| other != unit) {
            return Err(Error::Syntax);
        }
        self.deadline = Some((unit, number));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_log};

    #[test]
    fn replicas_get_the_moment() {
        check_log(
            "SET k v EX 1 | SET k v NX PX 5 | SET k v pxat 1700000000009 | SET k v KEEPTTL GET",
            "SELECT 0 | SET k v PXAT 1700000001000 | SET k v pxat 1700000000009 | SET k v KEEPTTL",
        );
    }

    #[test]
    fn overwrites_anything_of_any_shape() {
        check(
            "SET k v | GET k | SET k 12 | GET k | SET k '' | GET k",
            "OK | v | OK | 12 | OK | \"\"",
        );
        let long = "x".repeat(600);
        check(
            &format!(
                "SET k {long} | STRLEN k | SET k y{long} | SET k z{long} | STRLEN k | SET k 1"
            ),
            "OK | 600 | OK | OK | 601 | OK",
        );
        check("SET k 007 | GET k | SET k -0 | GET k", "OK | 007 | OK | -0");
    }

    #[test]
    fn conditions() {
        check("SET k 1 XX | EXISTS k | SET k 1 nx | SET k 2 NX", "nil | 0 | OK | nil");
        check("SET k 1 | SET k 2 XX | GET k | SET k 3 NX XX", "OK | OK | 2 | ERR syntax error");
        check("SET k 1 XX NX | SET k 1 NX NX", "ERR syntax error | OK");
    }

    #[test]
    fn returns_what_was_there() {
        check("SET k 1 GET | SET k 2 GET | GET k", "nil | 1 | 2");
        check("SET k 1 NX GET | SET k 2 NX GET | GET k", "nil | 1 | 1");
        check(
            "SET k 1 XX GET | EXISTS k | SET k 1 | SET k 2 XX GET | GET k",
            "nil | 0 | OK | 1 | 2",
        );
        check("SET k 1 GET GET", "nil");
    }

    #[test]
    fn compares_values() {
        check(
            "SET k a IFEQ a | SET k a IFNE a | SET k b IFEQ x | SET k b ifeq a EX 9 | TTL k | \
             SET k c IFNE b | SET k c IFNE a GET | SET k d IFEQ b GET | GET k",
            "nil | OK | nil | OK | 9 | nil | b | c | c",
        );
        check("SET k a IFEQ a GET | SET k a IFNE b GET | GET k", "nil | nil | a");
        check(
            "SET k a EX 9 | SET k b IFEQ a KEEPTTL | TTL k | SET k c IFEQ b | TTL k",
            "OK | OK | 9 | OK | -1",
        );
        check("SET k 12 | SET k 13 IFEQ 12 | GET k", "OK | OK | 13");
    }

    #[test]
    fn compares_digests() {
        check(
            "SET k 'Hello world' | SET k a IFDNE b6acb9d84a38ff74 | \
             SET k a IFDEQ B6ACB9D84A38FF74 | SET k b IFDEQ b6acb9d84a38ff74 | \
             SET k b IFDNE b6acb9d84a38ff74 | SET new a IFDEQ 12 | SET new a IFDNE 12 | \
             SET new a IFDNE 12",
            "OK | nil | OK | nil | OK | nil | OK | ERR must be exactly 16 hexadecimal characters",
        );
    }

    #[test]
    fn refuses_bad_comparisons() {
        for options in ["IFEQ", "IFEQ a NX", "XX IFEQ a", "IFEQ a IFNE b", "IFEQ a IFEQ a"] {
            check(&format!("SET k a | SET k b {options} | GET k"), "OK | ERR syntax error | a");
        }
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "RPUSH l a | SET l v IFEQ a | SET l v IFDNE 12 | SET l v IFNE a GET",
            &format!("1 | {wrong} | {wrong} | {wrong}"),
        );
    }

    #[test]
    fn times_to_live() {
        check("SET k v EX 10 | PTTL k | SET k v PX 1500 | PTTL k", "OK | 10000 | OK | 1500");
        check("SET k v EX 10 | SET k w | TTL k", "OK | OK | -1");
        check("SET k v EX 10 | SET k w KEEPTTL | TTL k | GET k", "OK | OK | 10 | w");
        check("SET k v EX 10 | SET k w KEEPTTL GET | TTL k", "OK | v | 10");
        check(
            "SET k v EXAT 1700000001 | PTTL k | SET k v PXAT 1700000000005 | PTTL k",
            "OK | 1000 | OK | 5",
        );
        check("SET k v PXAT 1 | EXISTS k | GET k", "OK | 0 | nil");
        check("SET k v EX 10 EX 20 | TTL k", "OK | 20");
    }

    #[test]
    fn refuses_bad_options() {
        let syntax = "ERR syntax error";
        for options in [
            "EX",
            "FOO",
            "EX 1 PX 1",
            "EX 1 KEEPTTL",
            "KEEPTTL EX 1",
            "EX 1 EXAT 1",
            "PERSIST",
            "GET EX",
        ] {
            check(&format!("SET k v {options} | EXISTS k"), &format!("{syntax} | 0"));
        }
        let invalid = "ERR invalid expire time in 'set' command";
        let none = "ERR value is not an integer or out of range";
        check("SET k v EX 0 | SET k v PX -1 | SET k v EXAT 0", &[invalid; 3].join(" | "));
        check("SET k v EX x | SET k v PX 1.5", &[none; 2].join(" | "));
        check(
            "SET k v EX 9223372036854775807 | SET k v PX 9223372036854775807 | \
             SET k v EX 9223372036854775 | SET k v PXAT 9223372036854775807",
            &[invalid, invalid, invalid, "OK"].join(" | "),
        );
        check("SET k v EX bad FOO | SET k v EX bad", &[syntax, none].join(" | "));
    }
}
