//! `HEXISTS key field`.

use super::fields;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HEXISTS: Command = Command {
    spec: Spec {
        name: "hexists",
        arity: 3,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Tells whether a hash has a field.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0), Arg::string("field")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    ctx.reply.int_bool(hash.is_some_and(|hash| hash.contains(args.at(2), now)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn tells() {
        check(
            "HSET h a 1 | HEXISTS h a | HEXISTS h b | HEXISTS none a | SET t v | HEXISTS t a",
            "1 | 1 | 0 | 0 | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
