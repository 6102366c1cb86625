//! `EXISTS key [key …]`: how many of the keys are there.

use crate::prelude::*;

pub const EXISTS: Command = Command {
    spec: Spec {
        name: "exists",
        history: &[("3.0.3", "Takes several keys.")],
        arity: -2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::range(1, -1, 1).ro()],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Counts the keys that are there, each as often as it is named.",
        complexity: "O(N) where N is the number of keys.",
        args: &[Arg::key("key", 0).multiple()],
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let found = args.iter_from(1).filter(|key| ctx.keys.look(key).is_some()).count();
    ctx.reply.count(found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts_every_mention() {
        check("MSET a 1 b 2 | EXISTS a | EXISTS a b a c | EXISTS c", "OK | 1 | 3 | 0");
        check("SET k v PXAT 1 | EXISTS k", "OK | 0");
    }
}
