//! `MGET key [key …]`: several strings at once.

use crate::prelude::*;

pub const MGET: Command = Command {
    spec: Spec {
        name: "mget",
        arity: -2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::range(1, -1, 1).ro().access()],
        group: Group::String,
        since: "1.0.0",
        summary: "Returns the string values of several keys at one moment.",
        complexity: "O(N) where N is the number of keys.",
        args: &[Arg::key("key", 0).multiple()],
        tips: &["request_policy:multi_shard"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.reply.array(args.len() - 1);
    for key in args.iter_from(1) {
        match ctx.keys.string(key) {
            Ok(Some(text)) => text.with(|bytes| ctx.reply.bulk(bytes)),
            // A key of another type has no string value, which is no error here.
            Ok(None) | Err(_) => ctx.reply.null(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn one_reply_for_each_key() {
        check("SET a 1 | SET b x | MGET a b c a", "OK | OK | [1 x nil 1]");
    }
}
