//! `CLIENT IMPORT-SOURCE ON|OFF`: whether expired keys are there for the connection, which copies
//! another server's data (`import-mode`).

use super::on_or_off;
use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const IMPORT_SOURCE: Command = Command {
    spec: Spec {
        name: "import-source",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "8.1.0",
        summary: "Lets the connection see expired keys while another server's data comes in.",
        args: &[Arg::one_of("enabled", &[Arg::flag("on", "ON"), Arg::flag("off", "OFF")])],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if !ctx.engine.config.import_mode() {
        return Err(Error::text("ERR Server is not in import mode"));
    }
    ctx.session.client.set_flag(flags::IMPORT_SOURCE, on_or_off(args.at(2))?);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, configure};

    #[test]
    fn sees_expired_keys() {
        let mut server = TestServer::new();
        configure(&server, "import-mode", "yes");
        let (mut source, mut other) = (server.client(), server.client());
        assert_eq!(server.run(&mut source, "CLIENT IMPORT-SOURCE ON"), "OK");
        server.run(&mut source, "SET a 1 PX 10");
        server.run(&mut source, "SET b 1 PX 10");
        server.run(&mut source, "HSET h f v");
        server.run(&mut source, "HPEXPIRE h 10 FIELDS 1 f");
        server.now += 20;
        assert_eq!(server.executor.expire_due(server.now), 0);
        assert_eq!(server.run(&mut source, "INCR a"), "2");
        assert_eq!(server.run(&mut other, "GET b"), "nil");
        assert_eq!(server.run(&mut source, "PEXPIRE a 1000"), "1");
        assert_eq!(server.run(&mut other, "GET a"), "2");
        assert_eq!(server.run(&mut source, "CLIENT IMPORT-SOURCE off"), "OK");
        assert_eq!(server.run(&mut source, "EXISTS b"), "0");
        configure(&server, "import-mode", "no");
        assert_eq!(server.run(&mut other, "EXISTS h"), "0");
    }

    #[test]
    fn refuses() {
        check("CLIENT IMPORT-SOURCE ON", "ERR Server is not in import mode");
        check("CONFIG SET import-mode yes | CLIENT IMPORT-SOURCE maybe", "OK | ERR syntax error");
    }
}
