//! `HSTRLEN key field`.

use super::fields;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HSTRLEN: Command = Command {
    spec: Spec {
        name: "hstrlen",
        arity: 3,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::Hash,
        since: "3.2.0",
        summary: "Returns the length of the value of a field of a hash.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0), Arg::string("field")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    ctx.reply.count(hash.map_or(0, |hash| hash.value_len(args.at(2), now)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn measures() {
        check(
            "HSET h a abc n -120 e \"\" | HSTRLEN h a | HSTRLEN h n | HSTRLEN h e | HSTRLEN h z | \
             HSTRLEN none a",
            "3 | 3 | 4 | 0 | 0 | 0",
        );
        check(
            "SET t v | HSTRLEN t a",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
