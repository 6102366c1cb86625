//! `LLEN key`: how many elements a list has.

use crate::prelude::*;
use redpoll_types::list::List;

pub const LLEN: Command = Command {
    spec: Spec {
        name: "llen",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the number of elements of a list.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let len = ctx.keys.read::<List>(args.at(1))?.map_or(0, List::len);
    ctx.reply.count(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check("LLEN l | RPUSH l a b | LLEN l", "0 | 2 | 2");
        check(
            "SET t v | LLEN t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
