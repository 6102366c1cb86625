//! `PUNSUBSCRIBE [pattern ...]`: no longer hear patterns.

use super::subscription;
use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub const PUNSUBSCRIBE: Command = Command {
    spec: Spec {
        name: "punsubscribe",
        arity: -1,
        flags: Flags::PUBSUB.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Ends subscriptions to patterns, or to all patterns.",
        args: &[Arg::pattern("pattern").optional().multiple()],
        complexity: "O(N), N being the patterns",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    subscription::unsubscribe(ctx, Kind::Pattern, args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn confirms_each_pattern() {
        check(
            "PUNSUBSCRIBE | PSUBSCRIBE a | SUBSCRIBE c | PUNSUBSCRIBE",
            "[punsubscribe nil 0] | \
              [psubscribe a 1] | [subscribe c 2] | [punsubscribe a 1]",
        );
    }
}
