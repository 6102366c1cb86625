//! `LASTSAVE`: when the data was last saved; before the first time, when the server was started.

use crate::prelude::*;

pub const LASTSAVE: Command = Command {
    spec: Spec {
        name: "lastsave",
        arity: 1,
        flags: Flags::LOADING.with(Flags::STALE).with(Flags::FAST),
        acl: Acl::ADMIN.with(Acl::DANGEROUS),
        group: Group::Server,
        since: "1.0.0",
        summary: "Returns when the data was last saved, in seconds since 1970.",
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.reply.int(ctx.engine.persistence.status().saved_at / 1000);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn is_the_start() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let started = (server.engine.started / 1000).to_string();
        assert_eq!(server.run(&mut session, "LASTSAVE"), started);
    }
}
