//! `RESET`: put the connection back into the state of a new one.

use crate::prelude::*;
use redpoll_engine::client::flags;
use redpoll_engine::session::ReplyMode;
use redpoll_resp::Proto;

pub const RESET: Command = Command {
    spec: Spec {
        name: "reset",
        arity: 1,
        flags: Flags::NOSCRIPT
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::NO_AUTH)
            .with(Flags::ALLOW_BUSY),
        group: Group::Connection,
        since: "6.2.0",
        summary: "Puts the connection back into its first state.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let session = &mut *ctx.session;
    session.transaction = None;
    session.fieldsets.clear();
    ctx.engine.unwatch(session);
    ctx.engine.unsubscribe_all(session);
    ctx.engine.remove_monitor(&session.client);
    ctx.engine.stop_tracking(&session.client);
    for flag in
        [flags::MONITOR, flags::NO_EVICT, flags::NO_TOUCH, flags::IMPORT_SOURCE, flags::READS_HERE]
    {
        session.client.set_flag(flag, false);
    }
    session.client.names.lock().name.clear();
    session.db = 0;
    ctx.engine.log_out(session);
    session.reply_mode = ReplyMode::On;
    session.set_proto(Proto::Resp2);
    ctx.reply.set_proto(Proto::Resp2);
    ctx.reply.simple("RESET");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, configure};
    use redpoll_engine::client::flags;

    #[test]
    fn forgets_everything() {
        check(
            "SELECT 3 | CLIENT SETNAME me | MULTI | RESET | CLIENT GETNAME | EXEC",
            "OK | OK | OK | RESET | nil | ERR EXEC without MULTI",
        );
        check(
            "SUBSCRIBE c | PSUBSCRIBE p | RESET | PUBLISH c m",
            "[subscribe c 1] | [psubscribe p 2] | RESET | 0",
        );
        check(
            "HELLO 3 SETNAME me | RESET | GET k | SET k v",
            &format!(
                "{} | RESET | nil | OK",
                "{server redis version 7.2.4 proto 3 id 1 mode standalone role master modules []}"
            ),
        );
    }

    #[test]
    fn ends_monitoring_and_login() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "MONITOR");
        assert!(server.engine.is_monitored());
        server.run(&mut session, "RESET");
        assert!(!server.engine.is_monitored() && !session.client.has_flag(flags::MONITOR));
        assert!(session.authenticated);
        configure(&server, "requirepass", "sesame");
        assert_eq!(server.run(&mut session, "RESET"), "RESET");
        assert!(!session.authenticated);
    }
}
