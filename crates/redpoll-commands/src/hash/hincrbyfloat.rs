//! `HINCRBYFLOAT key field increment`.

use super::fields;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::{FieldExpiry, Hash, Ttl};
use redpoll_types::number::LongDouble;

pub const HINCRBYFLOAT: Command = Command {
    spec: Spec {
        name: "hincrbyfloat",
        cost: cost::INDEXED,
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::Hash,
        since: "2.6.0",
        summary: "Adds a number to the value of a field of a hash; a missing one counts as 0.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0), Arg::string("field"), Arg::double("increment")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, field) = (args.at(1), args.at(2));
    let increment = LongDouble::parse(args.at(3)).ok_or(Error::NotFloat)?;
    if !increment.is_finite() {
        return Err(Error::text("ERR value is NaN or Infinity"));
    }
    let (now, limits) = (fields::now(ctx), ctx.limits);
    let (text, expires) = fields::change(ctx, key, |hash| {
        let sum = value(hash, field, now)? + increment;
        if !sum.is_finite() {
            return Err(Error::text("ERR increment would produce NaN or Infinity"));
        }
        let text = sum.to_string();
        hash.set(field, text.as_bytes(), Ttl::Keep, now, limits);
        Ok((text, matches!(hash.expiry(field, now), FieldExpiry::At(_))))
    })?;
    // Whoever repeats the change is told the sum, as its arithmetic may differ.
    match expires {
        false => ctx.log_as([b"HSET", key, field, text.as_bytes()]),
        true => ctx.log_as([b"HSETEX", key, b"KEEPTTL", b"FIELDS", b"1", field, text.as_bytes()]),
    }
    ctx.wrote_fields(key, "hincrbyfloat", 1, [field]);
    ctx.reply.bulk(text.as_bytes());
    Ok(())
}

fn value(hash: &Hash, field: &[u8], now: u64) -> Result<LongDouble> {
    let Some(value) = hash.get(field, now) else { return Ok(LongDouble::ZERO) };
    let value = LongDouble::parse(value.as_bytes(&mut [0; 21]));
    value.ok_or(Error::text("ERR hash value is not a float"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn adds() {
        check(
            "HINCRBYFLOAT h a 10.50 | HINCRBYFLOAT h a 0.1 | HINCRBYFLOAT h a -5e1 | HGET h a",
            "10.5 | 10.6 | -39.4 | -39.4",
        );
        check(
            "HSET h i 3 | HINCRBYFLOAT h i 1 | HINCRBYFLOAT h i 1e20",
            "1 | 4 | \
               100000000000000000000",
        );
    }

    #[test]
    fn refuses() {
        check(
            "HINCRBYFLOAT h a x | HINCRBYFLOAT h a inf | HINCRBYFLOAT h a nan | HLEN h",
            "ERR value is not a valid float | ERR value is NaN or Infinity | \
             ERR value is not a valid float | 0",
        );
        check(
            "HSET h s abc m 1.1e4932 | HINCRBYFLOAT h s 1 | HINCRBYFLOAT h m 1.1e4932",
            "2 | ERR hash value is not a float | ERR increment would produce NaN or Infinity",
        );
        check(
            "SET t v | HINCRBYFLOAT t a 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("HINCRBYFLOAT h a 1 | HINCRBYFLOAT h a x", "new h, hincrbyfloat h", 1);
    }
}
