//! `GETSET key value`: set a string and return the one before.

use crate::prelude::*;

pub const GETSET: Command = Command {
    spec: Spec {
        name: "getset",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::String,
        since: "1.0.0",
        summary: "Gives a key a new string value and returns the one before.",
        args: &[Arg::key("key", 0), Arg::string("value")],
        deprecated: Some(("6.2.0", "`SET` with the `!GET` argument")),
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, value) = (args.at(1), args.at(2));
    match ctx.keys.string(key)? {
        Some(text) => text.with(|bytes| ctx.reply.bulk(bytes)),
        None => ctx.reply.null(),
    }
    ctx.keys.set_string(key, value, Expiry::Clear);
    ctx.wrote(key, Class::String, "set", 1);
    ctx.log_as([b"SET", key, value]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn returns_the_old_and_drops_the_expiry() {
        check("GETSET k 1 | GETSET k 2 | GET k", "nil | 1 | 2");
        check("SET k v EX 10 | GETSET k w | TTL k", "OK | v | -1");
    }
}
