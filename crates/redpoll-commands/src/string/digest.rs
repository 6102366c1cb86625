//! `DIGEST key`: a hash of the string, for the conditions of SET and DELEX.

use super::compare::digest;
use crate::cost;
use crate::prelude::*;

pub const DIGEST: Command = Command {
    spec: Spec {
        name: "digest",
        cost: cost::BYTES_OF_FIRST,
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::String,
        since: "8.4.0",
        summary: "Returns the XXH3 digest of a string value as hexadecimal digits.",
        complexity: "O(N) where N is the length of the value.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    match ctx.keys.string(args.at(1))? {
        Some(text) => text.with(|bytes| ctx.reply.bulk(&digest(bytes))),
        None => ctx.reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn digests() {
        // The first is the example of Redis's documentation.
        check(
            "SET k 'Hello world' | DIGEST k | SET k 12 | DIGEST k | SET k '' | DIGEST k | DIGEST x",
            "OK | b6acb9d84a38ff74 | OK | 7ecd2e572c949f74 | OK | 2d06800538d394c2 | nil",
        );
        check(
            "RPUSH l a | DIGEST l",
            "1 | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
