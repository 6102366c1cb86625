//! `SUNSUBSCRIBE [shardchannel ...]`: no longer hear shard channels.

use super::subscription;
use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub const SUNSUBSCRIBE: Command = Command {
    spec: Spec {
        name: "sunsubscribe",
        arity: -1,
        flags: Flags::PUBSUB.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        keys: &[KeySpec::range(1, -1, 1).not_key()],
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Ends subscriptions to shard channels, or to all of them.",
        args: &[Arg::string("shardchannel").optional().multiple()],
        complexity: "O(N), N being the shard channels",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    subscription::unsubscribe(ctx, Kind::Shard, args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn confirms_each_channel() {
        check(
            "SSUBSCRIBE a | SUNSUBSCRIBE b | SUNSUBSCRIBE | PING",
            "[ssubscribe a 1] | [sunsubscribe b 1] | [sunsubscribe a 0] | PONG",
        );
    }
}
