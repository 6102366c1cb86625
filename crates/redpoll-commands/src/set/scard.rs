//! `SCARD key`.

use crate::prelude::*;
use redpoll_types::set::Set;

pub const SCARD: Command = Command {
    spec: Spec {
        name: "scard",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns how many members a set has.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let len = ctx.keys.read::<Set>(args.at(1))?.map_or(0, Set::len);
    ctx.reply.count(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check(
            "SCARD s | SADD s a b 1 | SCARD s | SET t v | SCARD t",
            "0 | 3 | 3 | OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
