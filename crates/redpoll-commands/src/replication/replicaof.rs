//! `REPLICAOF host port | NO ONE` and its older name SLAVEOF.

use crate::prelude::*;
use redpoll_engine::replication::Primary;

const SPEC: Spec = Spec {
    arity: 3,
    // A write that is under way ends before the role changes.
    locks: Locks::All,
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
    if engine.replication.is_failing_over() {
        return Err(Error::text("ERR REPLICAOF not allowed while failing over."));
    }
    if args.is(1, "no") && args.is(2, "one") {
        if engine.replication.is_replica() {
            engine.follow(&ctx.keys, None, ctx.rng);
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
    let is_it = |known: &Primary| {
        known.host.eq_ignore_ascii_case(&primary.host) && known.port == primary.port
    };
    let same = engine.replication.link().is_some_and(|link| is_it(&link.primary));
    if same {
        ctx.reply.simple("OK Already connected to specified master");
        return Ok(());
    }
    engine.follow(&ctx.keys, Some(primary), ctx.rng);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, configure};
    use redpoll_engine::replication::Primary;
    use redpoll_types::rng::SmallRng;
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

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
    fn is_a_part_of_the_configuration() {
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "REPLICAOF host 7000");
        let configured = server.run(&mut client, "CONFIG GET replicaof");
        assert_eq!(configured, "[replicaof host 7000]");
        server.run(&mut client, "REPLICAOF NO ONE");
        assert_eq!(server.run(&mut client, "CONFIG GET replicaof"), r#"[replicaof ""]"#);
    }

    #[test]
    fn a_replica_that_takes_writes_lets_its_own_keys_expire() {
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "MSET a 1 b 1");
        server.run(&mut client, "PEXPIRE a 10");
        server.run(&mut client, "PEXPIRE b 10");
        server.run(&mut client, "CONFIG SET replica-read-only no");
        server.run(&mut client, "REPLICAOF host 7000");
        server.run(&mut client, "SET own 1 PX 10");
        server.run(&mut client, "SET kept 1 PX 10");
        server.run(&mut client, "PERSIST kept");
        server.now += 11;
        for (command, answer) in [
            ("EXISTS a b own", "0"),
            ("DBSIZE", "4"),
            ("INCR a", "1"),
            ("TTL a", "-1"),
            ("DBSIZE", "4"),
        ] {
            assert_eq!(server.run(&mut client, command), answer, "{command}");
        }
        let log = server.log();
        assert_eq!(server.executor.expire_due(server.now), 1, "its own, and no other");
        assert_eq!(server.run(&mut client, "DBSIZE"), "3");
        assert_eq!(log.take(), "DEL own");
    }

    /// One that has been checked, and then waits for its locks.
    #[test]
    fn no_write_comes_behind_a_change_of_roles() {
        for lines in [&["MULTI", "SET k v", "EXEC"][..], &["SORT l STORE k"]] {
            let mut server = TestServer::new();
            let mut own = TestServer::beside(&server);
            let mut client = server.client();
            server.run(&mut client, "RPUSH l 2 1");
            let engine = Arc::clone(&server.engine);
            let mut keys = engine.keyspace.keys(0, server.now);
            keys.lock_all();
            let answer = thread::scope(|scope| {
                let writer = scope.spawn(|| {
                    let (last, before) = lines.split_last().expect("a command");
                    before.iter().for_each(|line| drop(own.run(&mut client, line)));
                    own.run(&mut client, last)
                });
                // sleep: until it waits. If that takes longer, nothing is tried.
                thread::sleep(Duration::from_millis(50));
                let primary = Primary { host: "host".to_owned(), port: 7000 };
                engine.follow(&keys, Some(primary), &mut SmallRng::new(1));
                keys.unlock();
                writer.join().expect("an answer")
            });
            assert!(answer.contains("READONLY"), "{answer}");
            let mut other = server.client();
            assert_eq!(server.run(&mut other, "EXISTS k"), "0");
        }
    }

    #[test]
    fn ends_waits() {
        let mut server = TestServer::new();
        let (mut client, mut waiting) = (server.client(), server.client());
        assert_eq!(server.run(&mut waiting, "BLPOP k 0"), "");
        assert_eq!(server.run(&mut client, "REPLICAOF host 7000"), "OK");
        assert!(waiting.client.take_wishes().new_role);
        let mut out = Vec::new();
        assert!(server.executor.give_up_for_new_role(&mut waiting, &mut out));
        assert!(out.starts_with(b"-UNBLOCKED force unblock"));
    }

    #[test]
    fn is_allowed_in_a_transaction() {
        check(
            "MULTI | REPLICAOF host 7000 | CLIENT KILL TYPE pubsub | EXEC | ROLE",
            "OK | QUEUED | QUEUED | [OK 0] | [slave host 7000 connect -1]",
        );
    }

    #[test]
    fn scripts_may_not_write_on_a_replica() {
        let refused = "READONLY You can't write against a read only replica.";
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "REPLICAOF host 7000");
        let script = "EVAL \"return redis.call('SET', KEYS[1], 'v')\" 1 k";
        assert!(server.run(&mut client, script).starts_with(refused));
        let read = "EVAL \"return redis.call('GET', KEYS[1])\" 1 k";
        assert_eq!(server.run(&mut client, read), "nil");
        let flagged = "EVAL \"#!lua\\nreturn 1\" 0";
        assert_eq!(server.run(&mut client, flagged), refused);
    }

    #[test]
    fn refuses_bad_ports() {
        check("REPLICAOF host x", "ERR Invalid master port");
        check("REPLICAOF host 65536", "ERR Invalid master port");
    }
}
