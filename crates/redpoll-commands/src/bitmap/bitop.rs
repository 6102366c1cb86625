//! `BITOP operation destkey key...`: strings combined bit by bit.

use crate::cost;
use crate::prelude::*;
use redpoll_types::bits::{Fold, Operation};

pub const BITOP: Command = Command {
    spec: Spec {
        name: "bitop",
        cost: cost::BYTES_OF_SOURCES,
        arity: -4,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(2).ow().update(), KeySpec::range(3, -1, 1).ro().access()],
        group: Group::Bitmap,
        since: "2.6.0",
        summary: "Combines strings bit by bit and stores the result.",
        complexity: "O(N) where N is the length of all strings together.",
        args: &[
            Arg::one_of(
                "operation",
                &[
                    Arg::flag("and", "AND"),
                    Arg::flag("or", "OR"),
                    Arg::flag("xor", "XOR"),
                    Arg::flag("not", "NOT"),
                    Arg::flag("diff", "DIFF"),
                    Arg::flag("diff1", "DIFF1"),
                    Arg::flag("andor", "ANDOR"),
                    Arg::flag("one", "ONE"),
                ],
            ),
            Arg::key("destkey", 0),
            Arg::key("key", 1).multiple(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let operation = operation(args)?;
    let target = args.at(2);
    let mut fold = Fold::new(operation);
    for key in args.iter_from(3) {
        match ctx.keys.string(key)? {
            Some(text) => text.with(|bytes| fold.add(bytes)),
            None => fold.add(b""),
        }
    }
    let result = fold.finish();
    let len = result.len();
    if len > 0 {
        ctx.keys.set_raw(target, result);
        ctx.wrote(target, Class::String, "set", 1);
    } else if ctx.keys.delete(target) {
        ctx.wrote(target, Class::Generic, "del", 1);
    }
    ctx.reply.count(len);
    Ok(())
}

fn operation(args: Args<'_>) -> Result<Operation> {
    let found = Operation::NAMES.iter().find(|(name, _)| args.is(1, name));
    let &(name, operation) = found.ok_or(Error::Syntax)?;
    if operation == Operation::Not && args.len() != 4 {
        return Err(Error::text("ERR BITOP NOT must be called with a single source key."));
    }
    if operation.has_sides() && args.len() < 5 {
        let text = format!("ERR BITOP {name} must be called with at least two source keys.");
        return Err(Error::text(text));
    }
    Ok(operation)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn combines() {
        check(
            "SET a foobar | SET b abcdef | BITOP AND d a b | GET d | BITOP OR d a b | GET d | \
             bitop xor d a b b | GET d | BITOP NOT d a | BITOP NOT d d | GET d",
            "OK | OK | 6 | `bc`ab | 6 | goofev | 6 | foobar | 6 | 6 | foobar",
        );
        // a: 11110000, b: 01111000, c: 00111100
        check(
            "SETBIT t 0 1 | BITFIELD a SET u8 0 240 | BITFIELD b SET u8 0 120 | \
             BITFIELD c SET u8 0 60 | BITOP DIFF d a b c | BITFIELD d GET u8 0 | \
             BITOP DIFF1 d a b c | BITFIELD d GET u8 0 | BITOP ANDOR d a b c | \
             BITFIELD d GET u8 0 | BITOP ONE d a b c | BITFIELD d GET u8 0 | BITOP ONE d a | \
             BITFIELD d GET u8 0",
            "0 | [0] | [0] | [0] | 1 | [128] | 1 | [12] | 1 | [112] | 1 | [132] | 1 | [240]",
        );
    }

    #[test]
    fn different_lengths() {
        check(
            "SET a abc | SET b a | BITOP AND d a b | STRLEN d | BITCOUNT d 1 -1 | \
             BITOP OR d b a none | GET d | BITOP AND d a none | BITCOUNT d | STRLEN d | \
             BITOP XOR d 1 a | GET d",
            "OK | OK | 3 | 3 | 0 | 3 | abc | 3 | 0 | 3 | 3 | abc",
        );
        let long = "x".repeat(1000);
        check(
            &format!("SET a {long} | SET b x | BITOP DIFF d a b | BITCOUNT d | BITCOUNT a"),
            "OK | OK | 1000 | 3996 | 4000",
        );
    }

    #[test]
    fn replaces_or_removes_the_target() {
        check(
            "RPUSH d a | SET a 12 EX 10 | SET d 1 EX 5 | BITOP OR d a | GET d | TTL d | \
             OBJECT ENCODING d",
            "1 | OK | OK | 2 | 12 | -1 | raw",
        );
        check("RPUSH d a | BITOP NOT d none | EXISTS d | BITOP NOT d none", "1 | 0 | 0 | 0");
        check_events(
            "SET a 1 | BITOP OR d a | BITOP OR d none | BITOP OR d none",
            "new a, set a, new d, set d, del d",
            3,
        );
    }

    #[test]
    fn refuses() {
        check(
            "RPUSH l a | BITOP NAND d a | BITOP NOT d a b | BITOP DIFF d a | BITOP diff1 d a | \
             BITOP ANDOR d l | BITOP AND d a l | EXISTS d",
            "1 | ERR syntax error | ERR BITOP NOT must be called with a single source key. | \
             ERR BITOP DIFF must be called with at least two source keys. | \
             ERR BITOP DIFF1 must be called with at least two source keys. | \
             ERR BITOP ANDOR must be called with at least two source keys. | \
             WRONGTYPE Operation against a key holding the wrong kind of value | 0",
        );
    }
}
