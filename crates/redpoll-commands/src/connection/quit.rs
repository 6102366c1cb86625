//! `QUIT`: close the connection once everything is answered.

use crate::prelude::*;

pub const QUIT: Command = Command {
    spec: Spec {
        name: "quit",
        arity: -1,
        flags: Flags::ALLOW_BUSY
            .with(Flags::NOSCRIPT)
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::NO_AUTH),
        group: Group::Connection,
        since: "1.0.0",
        summary: "Closes the connection.",
        deprecated: Some(("7.2.0", "just closing the connection")),
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.session.closing = true;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn closes_after_its_reply() {
        let mut server = TestServer::new();
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "QUIT"), "OK");
        assert!(session.closing);
    }
}
