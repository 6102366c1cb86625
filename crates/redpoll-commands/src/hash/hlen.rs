//! `HLEN key`.

use super::fields;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HLEN: Command = Command {
    spec: Spec {
        name: "hlen",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns how many fields a hash has.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    ctx.reply.count(hash.map_or(0, |hash| fields::live_len(hash, now)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check(
            "HLEN h | HSET h a 1 b 2 | HLEN h | SET t v | HLEN t",
            "0 | 2 | 2 | OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
