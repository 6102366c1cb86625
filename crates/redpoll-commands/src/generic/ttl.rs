//! `TTL`, `PTTL`, `EXPIRETIME`, `PEXPIRETIME`: when a key expires. -1: never; -2: there is no key.

use crate::prelude::*;

pub const TTL: Command = Command {
    spec: Spec {
        name: "ttl",
        history: &[("2.8.0", "Answers -2 for a key that is not there.")],
        since: "1.0.0",
        summary: "Returns the time to live of a key in seconds.",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: |ctx, args| reply(ctx, args, |at, now| seconds(at - now)),
};

pub const PTTL: Command = Command {
    spec: Spec {
        name: "pttl",
        history: &[("2.8.0", "Answers -2 for a key that is not there.")],
        since: "2.6.0",
        summary: "Returns the time to live of a key in milliseconds.",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: |ctx, args| reply(ctx, args, |at, now| at - now),
};

pub const EXPIRETIME: Command = Command {
    spec: Spec {
        name: "expiretime",
        since: "7.0.0",
        summary: "Returns when a key expires, in seconds since 1970.",
        ..SPEC
    },
    run: |ctx, args| reply(ctx, args, |at, _| seconds(at)),
};

pub const PEXPIRETIME: Command = Command {
    spec: Spec {
        name: "pexpiretime",
        since: "7.0.0",
        summary: "Returns when a key expires, in milliseconds since 1970.",
        ..SPEC
    },
    run: |ctx, args| reply(ctx, args, |at, _| at),
};

const SPEC: Spec = Spec {
    arity: 2,
    flags: Flags::READONLY.with(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::Generic,
    args: &[Arg::key("key", 0)],
    ..Spec::EMPTY
};

/// Rounds to whole seconds, the half up.
fn seconds(millis: i64) -> i64 {
    millis.saturating_add(500) / 1000
}

fn reply(ctx: &mut Ctx<'_>, args: Args<'_>, show: fn(i64, i64) -> i64) -> Result {
    let now = ctx.keys.now();
    let expiry = ctx.keys.look(args.at(1)).map(|entry| entry.expiry());
    ctx.reply.int(match expiry {
        Some(Some(at)) => show(at, now),
        Some(None) => -1,
        None => -2,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn all_four_views() {
        check(
            "SET k v PX 1500 | TTL k | PTTL k | EXPIRETIME k | PEXPIRETIME k",
            "OK | 2 | 1500 | 1700000002 | 1700000001500",
        );
        check("SET k v PX 1499 | TTL k | EXPIRETIME k", "OK | 1 | 1700000001");
    }

    #[test]
    fn without_expiry_and_without_key() {
        check("SET k v | TTL k | PTTL k | EXPIRETIME k | PEXPIRETIME k", "OK | -1 | -1 | -1 | -1");
        check("TTL k | PTTL k | EXPIRETIME k | PEXPIRETIME k", "-2 | -2 | -2 | -2");
    }
}
