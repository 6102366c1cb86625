//! `DELEX key [IFEQ value | IFNE value | IFDEQ digest | IFDNE digest]`, and Valkey's `DELIFEQ key
//! value`: delete a key if its value is as expected.

use super::compare::{Compare, condition_args};
use crate::cost;
use crate::prelude::*;

pub const DELEX: Command = Command {
    spec: Spec {
        name: "delex",
        cost: Some(|keys, args| match args.get(2) {
            Some(_) => keys.long_len(args.at(1)) / cost::BYTES,
            None => 0,
        }),
        arity: -2,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::String,
        since: "8.4.0",
        summary: "Deletes a key, if its string value or that value's digest is as given.",
        complexity: "O(1) for IFEQ and IFNE; O(N) for IFDEQ and IFDNE, where N is the length of \
                     the value.",
        args: &[Arg::key("key", 0), condition_args!()],
        ..Spec::EMPTY
    },
    run: delex,
};

pub const DELIFEQ: Command = Command {
    spec: Spec {
        name: "delifeq",
        arity: 3,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::String,
        since: "9.0.0",
        summary: "Deletes a key if its string value is the given one.",
        args: &[Arg::key("key", 0), Arg::string("value")],
        ..Spec::EMPTY
    },
    run: delifeq,
};

fn delex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let is_there = ctx.keys.contains(key);
    let holds = match args.len() {
        _ if !is_there => false,
        2 => true,
        4 => {
            let compare = Compare::option(args.at(2), args.at(3))
                .ok_or(Error::text("ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"))?;
            let wrong_type = |error| match error {
                Error::WrongType => {
                    Error::text("ERR Key should be of string type if conditions are specified")
                }
                other => other,
            };
            compare.holds(ctx, key).map_err(wrong_type)?
        }
        _ => return Err(Error::arity("delex")),
    };
    delete(ctx, key, holds);
    Ok(())
}

fn delifeq(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let value = ctx.keys.string_for_write(key)?;
    let holds = value.is_some_and(|value| value.with(|bytes| bytes == args.at(2)));
    delete(ctx, key, holds);
    Ok(())
}

/// Deletes the key if its value is as expected, and answers whether.
fn delete(ctx: &mut Ctx<'_>, key: &[u8], holds: bool) {
    if holds {
        ctx.keys.delete(key);
        ctx.wrote(key, Class::Generic, "del", 1);
        ctx.log_as([b"DEL", key]);
    }
    ctx.reply.int_bool(holds);
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn deletes_on_conditions() {
        check(
            "SET k v | DELEX k IFEQ w | DELEX k ifne v | DELEX k IFEQ v | EXISTS k",
            "OK | 0 | 0 | 1 | 0",
        );
        check("SET k v | DELEX k IFNE w | SET k 12 | DELEX k IFEQ 12", "OK | 1 | OK | 1");
        check(
            "SET k 'Hello world' | DELEX k IFDEQ 0000000000000000 | \
             DELEX k IFDNE b6acb9d84a38ff74 | DELEX k IFDEQ B6ACB9D84A38FF74 | EXISTS k",
            "OK | 0 | 0 | 1 | 0",
        );
        check("DELEX k | DELEX k IFEQ | DELEX k IFNE x | DELEX k IFDEQ x", "0 | 0 | 0 | 0");
        check("RPUSH l a | DELEX l | EXISTS l", "1 | 1 | 0");
    }

    #[test]
    fn refuses() {
        let digest = "ERR must be exactly 16 hexadecimal characters";
        check(
            "SET k v | DELEX k IFEQ | DELEX k IFEQ a b | DELEX k IF a | DELEX k IFDEQ 12 | \
             RPUSH l a | DELEX l IFEQ a",
            &format!(
                "OK | ERR wrong number of arguments for 'delex' command | \
                 ERR wrong number of arguments for 'delex' command | \
                 ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE | {digest} | 1 | \
                 ERR Key should be of string type if conditions are specified"
            ),
        );
    }

    #[test]
    fn delifeq() {
        check(
            "SET k v | DELIFEQ k w | DELIFEQ k v | DELIFEQ k v | RPUSH l a | DELIFEQ l a",
            "OK | 0 | 1 | 0 | 1 | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("SET k v | DELEX k IFEQ w | DELEX k IFEQ v", "new k, set k, del k", 2);
    }
}
