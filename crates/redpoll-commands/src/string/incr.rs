//! `INCR key`, `DECR key`, `INCRBY key increment`, `DECRBY key decrement`: counters.

use crate::prelude::*;

pub const INCR: Command = Command {
    spec: Spec {
        name: "incr",
        arity: 2,
        summary: "Adds one to the integer value of a key; a missing key counts as 0.",
        args: &[Arg::key("key", 0)],
        ..SPEC
    },
    run: |ctx, args| add(ctx, args.at(1), 1),
};

pub const DECR: Command = Command {
    spec: Spec {
        name: "decr",
        arity: 2,
        summary: "Takes one from the integer value of a key; a missing key counts as 0.",
        args: &[Arg::key("key", 0)],
        ..SPEC
    },
    run: |ctx, args| add(ctx, args.at(1), -1),
};

pub const INCRBY: Command = Command {
    spec: Spec {
        name: "incrby",
        arity: 3,
        summary: "Adds a number to the integer value of a key; a missing key counts as 0.",
        args: &[Arg::key("key", 0), Arg::integer("increment")],
        ..SPEC
    },
    run: |ctx, args| {
        let by = parse::int(args.at(2))?;
        add(ctx, args.at(1), by)
    },
};

pub const DECRBY: Command = Command {
    spec: Spec {
        name: "decrby",
        arity: 3,
        summary: "Takes a number from the integer value of a key; a missing key counts as 0.",
        args: &[Arg::key("key", 0), Arg::integer("decrement")],
        ..SPEC
    },
    run: |ctx, args| {
        let by = parse::int(args.at(2))?.checked_neg();
        add(ctx, args.at(1), by.ok_or(Error::text("ERR decrement would overflow"))?)
    },
};

const SPEC: Spec = Spec {
    flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().update()],
    group: Group::String,
    ..Spec::EMPTY
};

fn add(ctx: &mut Ctx<'_>, key: &[u8], by: i64) -> Result {
    let value = ctx.keys.edit_int(key, |before| {
        let sum = before.ok_or(Error::NotInteger)?.checked_add(by);
        sum.ok_or(Error::text("ERR increment or decrement would overflow"))
    })?;
    ctx.wrote(key, Class::String, "incrby", 1);
    ctx.reply.int(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts_up_and_down() {
        check("INCR k | INCRBY k 10 | DECR k | DECRBY k 20 | GET k", "1 | 11 | 10 | -10 | -10");
        check("SET k 5 EX 10 | INCR k | TTL k | OBJECT ENCODING k", "OK | 6 | 10 | int");
        check("SET k -9223372036854775807 | DECR k", "OK | -9223372036854775808");
    }

    #[test]
    fn refuses_what_is_no_integer() {
        let none = "ERR value is not an integer or out of range";
        for value in ["x", "'1 '", "' 1'", "1.0", "''", "01", "9223372036854775808"] {
            check(&format!("SET k {value} | INCR k"), &format!("OK | {none}"));
        }
        check("INCRBY k x | EXISTS k | DECRBY k 1.5", &format!("{none} | 0 | {none}"));
    }

    #[test]
    fn refuses_to_overflow() {
        let over = "ERR increment or decrement would overflow";
        check(
            "SET k 9223372036854775807 | INCR k | GET k",
            &format!("OK | {over} | 9223372036854775807"),
        );
        check("SET k -9223372036854775808 | DECRBY k 1", &format!("OK | {over}"));
        check("DECRBY k -9223372036854775808", "ERR decrement would overflow");
    }
}
