//! `CLIENT CAPA capability [capability ...]`: what the client is capable of. Only `redirect` means
//! something, that it understands to be sent to another server: a replica answers what concerns
//! data with its primary's address. What nobody knows is ignored.

use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const CAPA: Command = Command {
    spec: Spec {
        name: "capa",
        arity: -3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "8.0.0",
        summary: "Tells what the client is capable of.",
        args: &[Arg::string("capability").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.iter_from(2).any(|word| parse::is(word, "redirect")) {
        ctx.session.client.set_flag(flags::CAPA_REDIRECT, true);
    }
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn shows_in_the_list() {
        let mut server = TestServer::new();
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "CLIENT CAPA unknown"), "OK");
        assert!(server.run(&mut session, "CLIENT INFO").ends_with(" capa= transport=tcp\n"));
        assert_eq!(server.run(&mut session, "CLIENT CAPA unknown Redirect"), "OK");
        assert!(server.run(&mut session, "CLIENT INFO").ends_with(" capa=r transport=tcp\n"));
    }
}
