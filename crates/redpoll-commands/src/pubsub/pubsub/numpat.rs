//! `PUBSUB NUMPAT`: how many patterns have subscribers.

use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub(super) const NUMPAT: Command = Command {
    spec: Spec {
        name: "numpat",
        arity: 2,
        flags: Flags::PUBSUB.with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "2.8.0",
        summary: "Counts the patterns that somebody has subscribed to.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.reply.count(ctx.engine.pubsub.name_count(Kind::Pattern));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn counts_each_pattern_once() {
        let mut server = TestServer::new();
        let (mut first, mut second) = (server.client(), server.client());
        assert_eq!(server.run(&mut second, "PUBSUB NUMPAT"), "0");
        server.run(&mut first, "PSUBSCRIBE a* b*");
        server.run(&mut second, "HELLO 3");
        server.run(&mut second, "PSUBSCRIBE a*");
        assert_eq!(server.run(&mut second, "PUBSUB NUMPAT"), "2");
    }
}
