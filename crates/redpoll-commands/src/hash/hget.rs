//! `HGET key field`.

use super::fields;
use crate::answer;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HGET: Command = Command {
    spec: Spec {
        name: "hget",
        arity: 3,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns the value of a field of a hash.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0), Arg::string("field")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    answer::element_or_null(&mut ctx.reply, hash.and_then(|hash| hash.get(args.at(2), now)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn gets() {
        check(
            "HSET h a x n -12 | HGET h a | HGET h n | HGET h b | HGET none a",
            "2 | x | -12 | nil | nil",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | HGET t a | HGET t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR wrong number of arguments for 'hget' command",
        );
    }
}
