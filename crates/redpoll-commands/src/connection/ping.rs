//! `PING [message]`: whether the server is alive. A RESP2 subscriber gets the form of its messages.

use crate::prelude::*;

pub const PING: Command = Command {
    spec: Spec {
        name: "ping",
        arity: -1,
        flags: Flags::FAST,
        group: Group::Connection,
        since: "1.0.0",
        summary: "Answers PONG, or the message it is given.",
        args: &[Arg::string("message").optional()],
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 2 {
        return Err(Error::arity("ping"));
    }
    match args.get(1) {
        message if ctx.session.only_pubsub() => {
            ctx.reply.array(2);
            ctx.reply.bulk(b"pong");
            ctx.reply.bulk(message.unwrap_or_default());
        }
        Some(message) => ctx.reply.bulk(message),
        None => ctx.reply.simple("PONG"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn pings() {
        check("PING | PING hi", "PONG | hi");
        check("PING a b", "ERR wrong number of arguments for 'ping' command");
        check("SUBSCRIBE c | PING | PING x", r#"[subscribe c 1] | [pong ""] | [pong x]"#);
    }

    #[test]
    fn resp3_subscribers_get_the_plain_answer() {
        let mut server = crate::testing::TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "HELLO 3");
        assert_eq!(server.run(&mut session, "SUBSCRIBE c"), "[subscribe c 1]");
        assert_eq!(server.run(&mut session, "PING"), "PONG");
    }
}
