//! `SPUBLISH channel message`: send a message to those who have subscribed.

use crate::prelude::*;

pub const SPUBLISH: Command = Command {
    spec: Spec {
        name: "spublish",
        arity: 3,
        flags: Flags::PUBSUB
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::MAY_REPLICATE),
        keys: &[KeySpec::at(1).not_key()],
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Sends a message to the subscribers of a shard channel.",
        args: &[Arg::string("shardchannel"), Arg::string("message")],
        complexity: "O(N), N being the subscribers of the channel",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let receivers = ctx.engine.pubsub.publish_shard(args.at(1), args.at(2));
    ctx.reply.count(receivers);
    ctx.log_message(args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts_receivers() {
        check("SPUBLISH c m | MULTI | SPUBLISH c m | EXEC", "0 | OK | QUEUED | [0]");
    }
}
