//! `SSUBSCRIBE shardchannel ...`: hear what is published to shard channels.

use super::subscription;
use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_engine::pubsub::Kind;

pub const SSUBSCRIBE: Command = Command {
    spec: Spec {
        name: "ssubscribe",
        arity: -2,
        flags: Flags::PUBSUB.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        keys: &[KeySpec::range(1, -1, 1).not_key()],
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Subscribes to shard channels.",
        args: &[Arg::string("shardchannel").multiple()],
        complexity: "O(N), N being the shard channels",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // Unlike SUBSCRIBE, which always could, it is refused where each command must answer once.
    if ctx.mode == Mode::Transaction {
        return Err(Error::text("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    subscription::subscribe(ctx, Kind::Shard, args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn shard_channels_are_apart() {
        check("SUBSCRIBE a | SSUBSCRIBE a", "[subscribe a 1] | [ssubscribe a 1]");
        let text = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client";
        check("MULTI | SSUBSCRIBE a | EXEC", &format!("OK | QUEUED | [{text}]"));
        let mut server = TestServer::new();
        let (mut subscriber, mut publisher) = (server.client(), server.client());
        server.run(&mut subscriber, "SSUBSCRIBE s");
        assert_eq!(server.run(&mut publisher, "PUBLISH s hi"), "0");
        assert_eq!(server.run(&mut publisher, "SPUBLISH s hi"), "1");
        assert_eq!(server.run(&mut subscriber, "PING"), r#"[pong ""] [smessage s hi]"#);
    }
}
