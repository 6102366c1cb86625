//! `INCRBYFLOAT key increment`: a counter with a fraction, in the arithmetic of a long double.

use crate::prelude::*;
use redpoll_keyspace::StrRef;
use redpoll_types::number::LongDouble;

pub const INCRBYFLOAT: Command = Command {
    spec: Spec {
        name: "incrbyfloat",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::String,
        since: "2.6.0",
        summary: "Adds a floating-point number to the value of a key; a missing key counts as 0.",
        args: &[Arg::key("key", 0), Arg::double("increment")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let before = match ctx.keys.string_for_write(key)? {
        None => Some(LongDouble::ZERO),
        Some(StrRef::Int(value)) => Some(LongDouble::from(value)),
        Some(text) => text.with(LongDouble::parse),
    };
    let before = before.ok_or(Error::NotFloat)?;
    let sum = before + LongDouble::parse(args.at(2)).ok_or(Error::NotFloat)?;
    if !sum.is_finite() {
        return Err(Error::text("ERR increment would produce NaN or Infinity"));
    }
    let text = sum.to_string();
    ctx.keys.set_text(key, text.as_bytes(), Expiry::Keep);
    ctx.wrote(key, Class::String, "incrbyfloat", 1);
    ctx.log_as([b"SET", key, text.as_bytes(), b"KEEPTTL"]);
    ctx.reply.bulk(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn adds() {
        check("INCRBYFLOAT k 1.5 | INCRBYFLOAT k -0.5 | GET k", "1.5 | 1 | 1");
        check("SET k 0.1 | INCRBYFLOAT k 0.2", "OK | 0.3");
        check("SET k 3 EX 10 | INCRBYFLOAT k 1.1 | TTL k", "OK | 4.1 | 10");
        check("SET k 10 | INCRBYFLOAT k 5 | OBJECT ENCODING k | INCR k", "OK | 15 | embstr | 16");
        check("SET k 5.0e3 | INCRBYFLOAT k 2.0e2", "OK | 5200");
    }

    #[test]
    fn refuses_what_is_no_number() {
        let none = "ERR value is not a valid float";
        check(
            "SET k x | INCRBYFLOAT k 1 | SET k ' 1' | INCRBYFLOAT k 1",
            &format!("OK | {none} | OK | {none}"),
        );
        check("INCRBYFLOAT k x | EXISTS k | INCRBYFLOAT k nan", &format!("{none} | 0 | {none}"));
        let infinite = "ERR increment would produce NaN or Infinity";
        check(
            "INCRBYFLOAT k inf | SET k inf | INCRBYFLOAT k -inf",
            &format!("{infinite} | OK | {infinite}"),
        );
    }
}
