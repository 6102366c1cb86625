//! `PERSIST key`: take a key's expiry away.

use crate::prelude::*;

pub const PERSIST: Command = Command {
    spec: Spec {
        name: "persist",
        arity: 2,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Generic,
        since: "2.2.0",
        summary: "Makes a key stay that would have expired.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let expires = ctx.keys.expiry(key).flatten().is_some();
    if expires {
        ctx.keys.set_expiry(key, None);
        ctx.wrote(key, Class::Generic, "persist", 1);
    }
    ctx.reply.int_bool(expires);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn takes_the_expiry_away() {
        check(
            "SET k v EX 10 | PERSIST k | TTL k | PERSIST k | PERSIST none",
            "OK | 1 | -1 | 0 | 0",
        );
    }
}
