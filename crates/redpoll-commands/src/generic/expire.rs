//! `EXPIRE`, `PEXPIRE`, `EXPIREAT`, `PEXPIREAT`: set when a key expires. A time in the past removes
//! it.

use crate::prelude::*;
use redpoll_config::Config;
use redpoll_types::number::write_i64;

pub const EXPIRE: Command = Command {
    spec: Spec {
        name: "expire",
        history: &[("7.0.0", "The options `NX`, `XX`, `GT` and `LT`.")],
        since: "1.0.0",
        summary: "Sets the time to live of a key in seconds.",
        args: &[Arg::key("key", 0), Arg::integer("seconds"), CONDITION],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, 1000, true, "expire"),
};

pub const PEXPIRE: Command = Command {
    spec: Spec {
        name: "pexpire",
        history: &[("7.0.0", "The options `NX`, `XX`, `GT` and `LT`.")],
        since: "2.6.0",
        summary: "Sets the time to live of a key in milliseconds.",
        args: &[Arg::key("key", 0), Arg::integer("milliseconds"), CONDITION],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, 1, true, "pexpire"),
};

pub const EXPIREAT: Command = Command {
    spec: Spec {
        name: "expireat",
        history: &[("7.0.0", "The options `NX`, `XX`, `GT` and `LT`.")],
        since: "1.2.0",
        summary: "Sets when a key expires, in seconds since 1970.",
        args: &[Arg::key("key", 0), Arg::unix_time("unix-time-seconds"), CONDITION],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, 1000, false, "expireat"),
};

pub const PEXPIREAT: Command = Command {
    spec: Spec {
        name: "pexpireat",
        history: &[("7.0.0", "The options `NX`, `XX`, `GT` and `LT`.")],
        since: "2.6.0",
        summary: "Sets when a key expires, in milliseconds since 1970.",
        args: &[Arg::key("key", 0), Arg::unix_time("unix-time-milliseconds"), CONDITION],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, 1, false, "pexpireat"),
};

const CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::flag("nx", "NX"), Arg::flag("xx", "XX"), Arg::flag("gt", "GT"), Arg::flag("lt", "LT")],
)
.since("7.0.0")
.optional();

const SPEC: Spec = Spec {
    arity: -3,
    flags: Flags::WRITE.with(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    group: Group::Generic,
    ..Spec::EMPTY
};

fn run(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    unit_ms: i64,
    relative: bool,
    name: &'static str,
) -> Result {
    let key = args.at(1);
    let condition = Condition::parse(args)?;
    let now = ctx.keys.now();
    let start = if relative { now } else { 0 };
    let millis = parse::int(args.at(2))?.checked_mul(unit_ms);
    let deadline = millis.and_then(|millis| millis.checked_add(start));
    let deadline = deadline.ok_or(Error::InvalidExpire(name))?;
    let before = ctx.keys.expiry(key);
    let wanted = before.is_some_and(|before| condition.allows(before, deadline));
    ctx.reply.int_bool(wanted);
    if !wanted {
        return Ok(());
    }
    if ctx.keys.is_past(deadline) {
        ctx.keys.delete(key);
        ctx.wrote(key, Class::Generic, "del", 1);
        ctx.log_removal(key, Config::lazyfree_lazy_expire);
    } else {
        ctx.keys.set_expiry(key, Some(deadline));
        ctx.wrote(key, Class::Generic, "expire", 1);
        ctx.log_as([b"PEXPIREAT", key, write_i64(deadline, &mut [0; 21])]);
    }
    Ok(())
}

/// On what the new expiry depends. XX may stand with GT or LT; the others exclude each other.
#[derive(Default)]
struct Condition {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Condition {
    fn parse(args: Args<'_>) -> Result<Self> {
        let mut condition = Condition::default();
        for word in args.iter_from(3) {
            let flag = match () {
                () if parse::is(word, "NX") => &mut condition.nx,
                () if parse::is(word, "XX") => &mut condition.xx,
                () if parse::is(word, "GT") => &mut condition.gt,
                () if parse::is(word, "LT") => &mut condition.lt,
                () => {
                    let shown = String::from_utf8_lossy(word.get(..128).unwrap_or(word));
                    return Err(Error::text(format!("ERR Unsupported option {shown}")));
                }
            };
            *flag = true;
        }
        let Condition { nx, xx, gt, lt } = condition;
        if nx && (xx || gt || lt) {
            let text = "ERR NX and XX, GT or LT options at the same time are not compatible";
            return Err(Error::text(text));
        }
        if gt && lt {
            let text = "ERR GT and LT options at the same time are not compatible";
            return Err(Error::text(text));
        }
        Ok(condition)
    }

    /// Whether `new` may replace the expiry `before`; no expiry counts as an endless time.
    fn allows(&self, before: Option<i64>, new: i64) -> bool {
        match before {
            None => !self.xx && !self.gt,
            Some(before) => !self.nx && (!self.gt || new > before) && (!self.lt || new < before),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_log};

    #[test]
    fn all_four_units() {
        check("SET k v | EXPIRE k 10 | PTTL k | PEXPIRE k 15 | PTTL k", "OK | 1 | 10000 | 1 | 15");
        check("SET k v | EXPIREAT k 1700000003 | PTTL k", "OK | 1 | 3000");
        check("SET k v | PEXPIREAT k 1700000000004 | PTTL k", "OK | 1 | 4");
        check("EXPIRE k 10 | EXISTS k", "0 | 0");
    }

    #[test]
    fn replicas_free_as_the_directive_says() {
        check_log(
            "SET k v | EXPIRE k -1 | CONFIG SET lazyfree-lazy-expire yes | SET k v | EXPIRE k -1 | \
             SET k v PXAT 1 | EXISTS k",
            "SELECT 0 | SET k v | DEL k | SET k v | UNLINK k | SET k v PXAT 1 | UNLINK k",
        );
    }

    #[test]
    fn the_past_removes() {
        check("SET k v | EXPIRE k 0 | EXISTS k", "OK | 1 | 0");
        check(
            "SET k v | PEXPIRE k -5 | EXISTS k | SET k v | EXPIREAT k 1 | EXISTS k",
            "OK | 1 | 0 | OK | 1 | 0",
        );
        check("SET k v | PEXPIREAT k 1700000000000 | EXISTS k", "OK | 1 | 0");
        check("SET k v | EXPIRE k -1 XX | EXISTS k", "OK | 0 | 1");
    }

    #[test]
    fn conditions() {
        check(
            "SET k v | EXPIRE k 9 XX | EXPIRE k 9 NX | EXPIRE k 8 NX | TTL k",
            "OK | 0 | 1 | 0 | 9",
        );
        check("SET k v | EXPIRE k 9 GT | TTL k | EXPIRE k 9 LT | TTL k", "OK | 0 | -1 | 1 | 9");
        check(
            "SET k v EX 9 | EXPIRE k 9 GT | EXPIRE k 11 gt | EXPIRE k 11 LT | \
             EXPIRE k 5 LT | TTL k",
            "OK | 0 | 1 | 0 | 1 | 5",
        );
        check("SET k v EX 10 | EXPIRE k 20 XX GT | EXPIRE k 5 XX GT | TTL k", "OK | 1 | 0 | 20");
        check("SET k v | EXPIRE k 5 LT XX | SET k v EX 9 | EXPIRE k 5 LT XX", "OK | 0 | OK | 1");
    }

    #[test]
    fn refuses_bad_arguments() {
        let mixed = "ERR NX and XX, GT or LT options at the same time are not compatible";
        check("EXPIRE k 1 NX XX | EXPIRE k 1 GT NX | EXPIRE k 1 LT NX", &[mixed; 3].join(" | "));
        check("EXPIRE k 1 GT LT", "ERR GT and LT options at the same time are not compatible");
        check("EXPIRE k x FOO", "ERR Unsupported option FOO");
        check("EXPIRE k x", "ERR value is not an integer or out of range");
        for (call, name) in [
            ("EXPIRE k 9223372036854775807", "expire"),
            ("EXPIRE k -9223372036854775808", "expire"),
            ("EXPIRE k 9223372036854775", "expire"),
            ("PEXPIRE k 9223372036854775807", "pexpire"),
            ("EXPIREAT k 9223372036854776", "expireat"),
        ] {
            check(call, &format!("ERR invalid expire time in '{name}' command"));
        }
        check("PEXPIREAT k 9223372036854775807", "0");
    }
}
