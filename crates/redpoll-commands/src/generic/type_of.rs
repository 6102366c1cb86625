//! `TYPE key`: the type of what a key holds.

use crate::prelude::*;
use redpoll_keyspace::type_of;

pub const TYPE: Command = Command {
    spec: Spec {
        name: "type",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Returns the name of the type of a key's value.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let name = ctx.keys.look(args.at(1)).map(|entry| type_of(&entry.payload()).name());
    ctx.reply.simple(name.unwrap_or("none"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn names_types() {
        check(
            "SET k v | TYPE k | SET k 5 | TYPE k | TYPE none",
            "OK | string | OK | string | none",
        );
    }
}
