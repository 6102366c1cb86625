//! `HINCRBY key field increment`.

use super::fields;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::{Hash, Ttl};
use redpoll_types::number::write_i64;

pub const HINCRBY: Command = Command {
    spec: Spec {
        name: "hincrby",
        cost: cost::INDEXED,
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Adds an integer to the value of a field of a hash; a missing one counts as 0.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0), Arg::string("field"), Arg::integer("increment")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, field) = (args.at(1), args.at(2));
    let increment = parse::int(args.at(3))?;
    let (now, limits) = (fields::now(ctx), ctx.limits);
    let sum = fields::change(ctx, key, |hash| {
        let sum = value(hash, field, now)?
            .checked_add(increment)
            .ok_or(Error::text("ERR increment or decrement would overflow"))?;
        let mut buffer = [0; 21];
        hash.set(field, write_i64(sum, &mut buffer), Ttl::Keep, now, limits);
        Ok(sum)
    })?;
    ctx.wrote_fields(key, "hincrby", 1, [field]);
    ctx.reply.int(sum);
    Ok(())
}

fn value(hash: &Hash, field: &[u8], now: u64) -> Result<i64> {
    match hash.get(field, now) {
        Some(value) => value.as_i64().ok_or(Error::text("ERR hash value is not an integer")),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn adds() {
        check(
            "HINCRBY h a 5 | HINCRBY h a -7 | HGET h a | HSET h b 10 | HINCRBY h b 0",
            "5 | -2 | -2 | 1 | 10",
        );
    }

    #[test]
    fn refuses() {
        check(
            "HINCRBY h a x | HINCRBY h a 1.5 | HLEN h | HSET h s abc f 1.5 | HINCRBY h s 1 | \
             HINCRBY h f 1",
            "ERR value is not an integer or out of range | \
             ERR value is not an integer or out of range | 0 | 2 | \
             ERR hash value is not an integer | ERR hash value is not an integer",
        );
        check(
            "HSET h a 9223372036854775807 b -9223372036854775808 | HINCRBY h a 1 | HINCRBY h b -1",
            "2 | ERR increment or decrement would overflow | \
             ERR increment or decrement would overflow",
        );
        check(
            "SET t v | HINCRBY t a 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("HINCRBY h a 1 | HINCRBY h a 1", "new h, hincrby h, hincrby h", 2);
    }
}
