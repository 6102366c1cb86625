//! `GETDEL key`: return the string at `key` and delete the key.

use crate::cost;
use crate::prelude::*;

pub const GETDEL: Command = Command {
    spec: Spec {
        name: "getdel",
        cost: cost::BYTES_OF_FIRST,
        arity: 2,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().delete()],
        group: Group::String,
        since: "6.2.0",
        summary: "Returns the string value of a key and removes the key.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let Some(text) = ctx.keys.string(key)? else {
        ctx.reply.null();
        return Ok(());
    };
    text.with(|bytes| ctx.reply.bulk(bytes));
    ctx.keys.delete(key);
    ctx.wrote(key, Class::Generic, "del", 1);
    ctx.log_as([b"DEL", key]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn returns_and_deletes() {
        check("SET k v | GETDEL k | GET k | GETDEL k", "OK | v | nil | nil");
    }
}
