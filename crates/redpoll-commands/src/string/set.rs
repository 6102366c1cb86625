//! `SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT … | PXAT … | KEEPTTL]`.

use super::expiry::{Unit, expiry_args, set};
use crate::prelude::*;

pub const SET: Command = Command {
    spec: Spec {
        name: "set",
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().access().update().variable_flags()],
        group: Group::String,
        since: "1.0.0",
        summary: "Gives a key a string value, whatever it held before.",
        args: &[
            Arg::key("key", 0),
            Arg::string("value"),
            Arg::one_of("condition", &[Arg::flag("nx", "NX"), Arg::flag("xx", "XX")]).optional(),
            Arg::flag("get", "GET").optional(),
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
    let done = set(ctx, key, value, expiry, options.when);
    match (options.get, done) {
        (false, true) => ctx.reply.ok(),
        (false, false) => ctx.reply.null(),
        (true, true) if options.deadline.is_none() => {
            let options = args.iter_from(3).filter(|word| !parse::is(word, "GET"));
            ctx.log_as([args.at(0), key, value].into_iter().chain(options));
        }
        (true, _) => {}
    }
    Ok(())
}

/// The options as they stand, not yet read as numbers: Redis complains of form first.
struct Options<'a> {
    when: When,
    get: bool,
    keep: bool,
    deadline: Option<(Unit, &'a [u8])>,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>) -> Result<Self> {
        let mut options = Options { when: When::Always, get: false, keep: false, deadline: None };
        let mut words = args.iter_from(3);
        while let Some(word) = words.next() {
            if parse::is(word, "NX") && options.when != When::Present {
                options.when = When::Absent;
            } else if parse::is(word, "XX") && options.when != When::Absent {
                options.when = When::Present;
            } else if parse::is(word, "GET") {
                options.get = true;
            } else if parse::is(word, "KEEPTTL") && options.deadline.is_none() {
                options.keep = true;
            } else {
                options.deadline(word, words.next())?;
            }
        }
        Ok(options)
    }

    /// Reads an option with a time; the same one may come twice, and the last counts.
    fn deadline(&mut self, word: &[u8], number: Option<&'a [u8]>) -> Result {
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
    use crate::testing::check;

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
