//! `CLIENT ID`: the connection's number.

use crate::prelude::*;

pub(super) const ID: Command = Command {
    spec: Spec {
        name: "id",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "5.0.0",
        summary: "Returns the number of the connection.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.reply.int(ctx.session.client.id as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn grows_with_every_client() {
        let mut server = TestServer::new();
        let (mut first, mut second) = (server.client(), server.client());
        assert_eq!(server.run(&mut second, "CLIENT ID"), "2");
        assert_eq!(server.run(&mut first, "CLIENT ID"), "1");
    }
}
