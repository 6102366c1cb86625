//! `REPLICAOF host port | NO ONE` and its older name SLAVEOF.

use crate::prelude::*;
use redpoll_engine::replication::Primary;

const SPEC: Spec = Spec {
    arity: 3,
    flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::NOSCRIPT).with(Flags::STALE),
    group: Group::Server,
    summary: "Makes the server a replica of another, or a primary.",
    args: &[Arg::one_of(
        "args",
        &[
            Arg::block("host-port", &[Arg::string("host"), Arg::integer("port")]),
            Arg::block("no-one", &[Arg::flag("no", "NO"), Arg::flag("one", "ONE")]),
        ],
    )],
    ..Spec::EMPTY
};

pub const REPLICAOF: Command =
    Command { spec: Spec { name: "replicaof", since: "5.0.0", ..SPEC }, run };

pub const SLAVEOF: Command = Command {
    spec: Spec {
        name: "slaveof",
        since: "1.0.0",
        deprecated: Some(("5.0.0", "`REPLICAOF`")),
        ..SPEC
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let engine = ctx.engine;
    if args.is(1, "no") && args.is(2, "one") {
        if engine.replication.is_replica() {
            engine.follow(None, ctx.rng, ctx.keys.now());
        }
        ctx.reply.ok();
        return Ok(());
    }
    if ctx.session.is_replica {
        return Err(Error::text("ERR Command is not valid when client is a replica."));
    }
    let port = parse::int(args.at(2)).ok().and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or(Error::text("ERR Invalid master port"))?;
    let primary = Primary { host: String::from_utf8_lossy(args.at(1)).into_owned(), port };
    let same = engine.replication.link().is_some_and(|link| link.primary == primary);
    if same {
        ctx.reply.simple("OK Already connected to specified master");
        return Ok(());
    }
    engine.follow(Some(primary), ctx.rng, ctx.keys.now());
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, configure};

    #[test]
    fn changes_the_role() {
        check("REPLICAOF NO ONE | SLAVEOF no one", "OK | OK");
        check(
            "REPLICAOF host 7000 | REPLICAOF host 7000 | SET k v | GET k | REPLICAOF NO ONE | \
             SET k v",
            "OK | OK Already connected to specified master | \
             READONLY You can't write against a read only replica. | nil | OK | OK",
        );
    }

    #[test]
    fn a_replica_without_its_primary_serves_only_stale_data() {
        let mut server = TestServer::new();
        configure(&server, "replica-serve-stale-data", "no");
        let (mut queued, mut other) = (server.client(), server.client());
        for line in ["MULTI", "PING"] {
            server.run(&mut queued, line);
        }
        server.run(&mut other, "REPLICAOF h 1");
        let text = "EXECABORT Transaction discarded because of: MASTERDOWN Link with MASTER is \
                    down and replica-serve-stale-data is set to 'no'.";
        assert_eq!(server.run(&mut queued, "EXEC"), text);
    }

    #[test]
    fn a_writable_replica_removes_what_expires() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "REPLICAOF h 1");
        assert!(server.engine.keyspace.is_passive());
        configure(&server, "replica-read-only", "no");
        assert!(!server.engine.keyspace.is_passive());
        server.run(&mut session, "REPLICAOF NO ONE");
        configure(&server, "replica-read-only", "yes");
        assert!(!server.engine.keyspace.is_passive());
    }

    #[test]
    fn refuses_bad_ports() {
        check("REPLICAOF host x", "ERR Invalid master port");
        check("REPLICAOF host 65536", "ERR Invalid master port");
    }
}
