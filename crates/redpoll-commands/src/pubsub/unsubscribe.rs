//! `UNSUBSCRIBE [channel ...]`: no longer hear channels.

use super::subscription;
use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub const UNSUBSCRIBE: Command = Command {
    spec: Spec {
        name: "unsubscribe",
        arity: -1,
        flags: Flags::PUBSUB.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Ends subscriptions to channels, or to all channels.",
        args: &[Arg::string("channel").optional().multiple()],
        complexity: "O(N), N being the channels",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    subscription::unsubscribe(ctx, Kind::Channel, args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn confirms_each_channel() {
        check("UNSUBSCRIBE | UNSUBSCRIBE x", "[unsubscribe nil 0] | [unsubscribe x 0]");
        check(
            "SUBSCRIBE a | PSUBSCRIBE p | UNSUBSCRIBE x | UNSUBSCRIBE a | UNSUBSCRIBE",
            "[subscribe a 1] | [psubscribe p 2] | [unsubscribe x 2] | [unsubscribe a 1] | \
             [unsubscribe nil 1]",
        );
    }

    #[test]
    fn nothing_is_heard_afterwards() {
        let mut server = TestServer::new();
        let (mut subscriber, mut publisher) = (server.client(), server.client());
        server.run(&mut subscriber, "SUBSCRIBE a b");
        let all = server.run(&mut subscriber, "UNSUBSCRIBE");
        assert_eq!(all, "[unsubscribe a 1] [unsubscribe b 0]");
        assert_eq!(server.run(&mut publisher, "PUBLISH a hi"), "0");
        assert_eq!(server.run(&mut subscriber, "GET k"), "nil");
    }
}
