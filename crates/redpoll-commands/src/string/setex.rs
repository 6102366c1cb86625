//! `SETEX key seconds value` and `PSETEX key milliseconds value`: SET with a time to live.

use super::expiry::{Unit, set};
use crate::prelude::*;

pub const SETEX: Command = Command {
    spec: Spec {
        name: "setex",
        since: "2.0.0",
        summary: "Gives a key a string value and a time to live in seconds.",
        args: &[Arg::key("key", 0), Arg::integer("seconds"), Arg::string("value")],
        deprecated: Some(("2.6.12", "`SET` with the `EX` argument")),
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, Unit::Seconds, "setex"),
};

pub const PSETEX: Command = Command {
    spec: Spec {
        name: "psetex",
        since: "2.6.0",
        summary: "Gives a key a string value and a time to live in milliseconds.",
        args: &[Arg::key("key", 0), Arg::integer("milliseconds"), Arg::string("value")],
        deprecated: Some(("2.6.12", "`SET` with the `PX` argument")),
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, Unit::Millis, "psetex"),
};

const SPEC: Spec = Spec {
    arity: 4,
    flags: Flags::WRITE.with(Flags::DENYOOM),
    keys: &[KeySpec::at(1).ow().update()],
    group: Group::String,
    ..Spec::EMPTY
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, unit: Unit, name: &'static str) -> Result {
    let deadline = unit.deadline(args.at(2), ctx.keys.now(), name)?;
    set(ctx, args.at(1), args.at(3), Expiry::At(deadline), When::Always);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sets_value_and_time() {
        check("SETEX k 10 v | PTTL k | GET k", "OK | 10000 | v");
        check("SETEX k 10 v | PSETEX k 2500 5 | PTTL k | INCR k", "OK | OK | 2500 | 6");
    }

    #[test]
    fn refuses_bad_times() {
        check("SETEX k 0 v", "ERR invalid expire time in 'setex' command");
        check("PSETEX k -5 v", "ERR invalid expire time in 'psetex' command");
        check("SETEX k 9223372036854775807 v", "ERR invalid expire time in 'setex' command");
        check("SETEX k v 10", "ERR value is not an integer or out of range");
    }
}
