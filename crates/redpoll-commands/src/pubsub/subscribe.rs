//! `SUBSCRIBE channel ...`: hear what is published to channels.

use super::subscription;
use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub const SUBSCRIBE: Command = Command {
    spec: Spec {
        name: "subscribe",
        arity: -2,
        flags: Flags::PUBSUB.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "2.0.0",
        summary: "Subscribes to channels.",
        args: &[Arg::string("channel").multiple()],
        complexity: "O(N), N being the channels",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    subscription::subscribe(ctx, Kind::Channel, args);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn confirms_each_channel() {
        check("SUBSCRIBE a", "[subscribe a 1]");
        check(
            "HELLO 3 | SUBSCRIBE a | SUBSCRIBE a | SUBSCRIBE b | GET k",
            &format!(
                "{} | {}",
                "{server redis version 7.2.4 proto 3 id 1 mode standalone role master modules []}",
                "[subscribe a 1] | [subscribe a 1] | [subscribe b 2] | nil"
            ),
        );
        check("MULTI | SUBSCRIBE a b | EXEC", "OK | QUEUED | [[subscribe a 1]] [subscribe b 2]");
    }

    #[test]
    fn subscribers_hear_messages() {
        let mut server = TestServer::new();
        let (mut subscriber, mut publisher) = (server.client(), server.client());
        let confirmed = server.run(&mut subscriber, "SUBSCRIBE a b");
        assert_eq!(confirmed, "[subscribe a 1] [subscribe b 2]");
        assert_eq!(server.run(&mut publisher, "PUBLISH a hi"), "1");
        assert_eq!(server.run(&mut publisher, "PUBLISH c hi"), "0");
        assert_eq!(
            server.raw(&mut subscriber, "PING"),
            b"*2\r\n$4\r\npong\r\n$0\r\n\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
        );
    }

    #[test]
    fn resp2_subscribers_can_do_little_else() {
        check(
            "SUBSCRIBE a | GET k",
            "[subscribe a 1] | ERR Can't execute 'get': only (P|S)SUBSCRIBE / \
              (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        );
    }
}
