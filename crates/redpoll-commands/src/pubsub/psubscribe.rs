//! `PSUBSCRIBE pattern ...`: hear what is published to channels whose names match.

use super::subscription;
use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub const PSUBSCRIBE: Command = Command {
    spec: Spec {
        name: "psubscribe",
        arity: -2,
        flags: Flags::PUBSUB.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Subscribes to all channels whose names match patterns.",
        args: &[Arg::pattern("pattern").multiple()],
        complexity: "O(N), N being the patterns",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    subscription::subscribe(ctx, Kind::Pattern, args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn each_matching_pattern_hears_the_message() {
        let mut server = TestServer::new();
        let (mut subscriber, mut publisher) = (server.client(), server.client());
        server.run(&mut subscriber, "HELLO 3");
        let confirmed = server.run(&mut subscriber, "PSUBSCRIBE a* b*");
        assert_eq!(confirmed, "[psubscribe a* 1] [psubscribe b* 2]");
        server.run(&mut subscriber, "SUBSCRIBE ab");
        assert_eq!(server.run(&mut publisher, "PUBLISH ab hi"), "2");
        assert_eq!(server.run(&mut publisher, "PUBLISH b x"), "1");
        let heard = server.run(&mut subscriber, "GET k");
        assert_eq!(heard, "nil [message ab hi] [pmessage a* ab hi] [pmessage b* b x]");
    }
}
