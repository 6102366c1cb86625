//! `PUBLISH channel message`: send a message to those who have subscribed.

use crate::prelude::*;

pub const PUBLISH: Command = Command {
    spec: Spec {
        name: "publish",
        arity: 3,
        flags: Flags::PUBSUB
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::MAY_REPLICATE),
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Sends a message to the subscribers of a channel.",
        args: &[Arg::string("channel"), Arg::string("message")],
        complexity: "O(N+M), N being the subscribers of the channel, M all patterns",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let receivers = ctx.engine.pubsub.publish(args.at(1), args.at(2));
    ctx.reply.count(receivers);
    ctx.log_message(args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_log};

    #[test]
    fn replicas_get_it_too() {
        check_log("PUBLISH c m", "SELECT 0 | PUBLISH c m");
        check_log(
            "MULTI | SET k v | PUBLISH c m | EXEC | SPUBLISH s m",
            "MULTI | SELECT 0 | SET k v | PUBLISH c m | EXEC | SPUBLISH s m",
        );
    }

    #[test]
    fn counts_receivers() {
        check("PUBLISH c m | MULTI | PUBLISH c m | EXEC", "0 | OK | QUEUED | [0]");
    }
}
