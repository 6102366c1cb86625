//! `FT.SUGLEN key`: how many suggestions there are.

use crate::prelude::*;
use redpoll_types::suggestions::Suggestions;

pub const SUGLEN: Command = Command {
    spec: Spec {
        name: "ft.suglen",
        arity: 2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Suggestion,
        since: "1.0.0",
        summary: "Returns the number of suggestions.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let count = ctx.keys.read::<Suggestions>(args.at(1))?.map_or(0, Suggestions::len);
    ctx.reply.count(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check(
            "FT.SUGLEN s | FT.SUGADD s a 1 | FT.SUGADD s A 1 | FT.SUGLEN s | FLUSHALL | \
             FT.SUGLEN s",
            "0 | 1 | 2 | 2 | OK | 0",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET k v | FT.SUGLEN k",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
