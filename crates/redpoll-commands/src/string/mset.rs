//! `MSET key value [key value …]` and `MSETNX`, which sets all or none.

use crate::prelude::*;

pub const MSET: Command = Command {
    spec: Spec {
        name: "mset",
        keys: &[KeySpec::range(1, -1, 2).ow().update()],
        summary: "Gives several keys their string values in one step.",
        tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
        ..SPEC
    },
    run: |ctx, args| {
        pairs_only(args, "mset")?;
        set_all(ctx, args);
        ctx.reply.ok();
        Ok(())
    },
};

pub const MSETNX: Command = Command {
    spec: Spec {
        name: "msetnx",
        keys: &[KeySpec::range(1, -1, 2).ow().insert()],
        summary: "Gives several keys their string values, but only if none of the keys is there.",
        ..SPEC
    },
    run: |ctx, args| {
        pairs_only(args, "msetnx")?;
        let free = args.iter_from(1).step_by(2).all(|key| !ctx.keys.contains(key));
        if free {
            set_all(ctx, args);
        }
        ctx.reply.int_bool(free);
        Ok(())
    },
};

const SPEC: Spec = Spec {
    arity: -3,
    flags: Flags::WRITE.with(Flags::DENYOOM),
    group: Group::String,
    since: "1.0.1",
    complexity: "O(N) where N is the number of keys.",
    args: &[Arg::block("data", &[Arg::key("key", 0), Arg::string("value")]).multiple()],
    ..Spec::EMPTY
};

fn pairs_only(args: Args<'_>, name: &str) -> Result {
    if args.len().is_multiple_of(2) { Err(Error::arity(name)) } else { Ok(()) }
}

fn set_all(ctx: &mut Ctx<'_>, args: Args<'_>) {
    let keys = args.iter_from(1).step_by(2);
    for (key, value) in keys.zip(args.iter_from(2).step_by(2)) {
        ctx.keys.set_string(key, value, Expiry::Clear);
        ctx.wrote(key, Class::String, "set", 1);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sets_every_key() {
        check("MSET a 1 b x | MGET a b", "OK | [1 x]");
        check("MSET a 1 a 2 | GET a", "OK | 2");
        check("SET a v EX 10 | MSET a w | TTL a", "OK | OK | -1");
        check("MSET a 1 b", "ERR wrong number of arguments for 'mset' command");
    }

    #[test]
    fn sets_all_or_none() {
        check("MSETNX a 1 b 2 | MSETNX b 3 c 4 | MGET a b c", "1 | 0 | [1 2 nil]");
        check("MSETNX a 1 a 2 | GET a", "1 | 2");
        check("MSETNX a 1 b", "ERR wrong number of arguments for 'msetnx' command");
    }
}
