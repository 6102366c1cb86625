//! `FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]`: hand the part of the primary
//! over to a replica, once it has all writes.

use crate::prelude::*;
use redpoll_engine::replication::{Failover, Primary};

pub const FAILOVER: Command = Command {
    spec: Spec {
        name: "failover",
        arity: -1,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::STALE),
        // Roles change between commands.
        locks: Locks::All,
        group: Group::Server,
        since: "6.2.0",
        summary: "Hands the part of the primary over to a replica.",
        args: &[
            Arg::block(
                "target",
                &[
                    Arg::string("host"),
                    Arg::integer("port"),
                    Arg::flag("force", "FORCE").optional(),
                ],
            )
            .token("TO")
            .optional(),
            Arg::flag("abort", "ABORT").optional(),
            Arg::integer("milliseconds").token("TIMEOUT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let engine = ctx.engine;
    if args.len() == 2 && args.is(1, "abort") {
        if !engine.replication.is_failing_over() {
            return Err(Error::text("ERR No failover in progress."));
        }
        engine.abort_failover(&mut ctx.keys, ctx.rng);
        ctx.reply.ok();
        return Ok(());
    }
    let failover = parse(args, ctx.keys.now())?;
    if let Some(reason) = refusal(ctx, &failover) {
        return Err(Error::text(reason));
    }
    engine.begin_failover(failover, ctx.keys.now());
    ctx.reply.ok();
    Ok(())
}

fn parse(args: Args<'_>, now: i64) -> Result<Failover> {
    let mut failover = Failover::default();
    let mut words = args.iter_from(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or(Error::Syntax);
        if parse::is(word, "timeout") && failover.deadline.is_none() {
            let millis = parse::int(next()?)?;
            if millis <= 0 {
                return Err(Error::text("ERR FAILOVER timeout must be greater than 0"));
            }
            failover.deadline = Some(now.saturating_add(millis));
        } else if parse::is(word, "to") && failover.target.is_none() {
            let host = String::from_utf8_lossy(next()?).into_owned();
            // A port that there is not is that of no replica.
            let port = u16::try_from(parse::int(next()?)?).unwrap_or(0);
            failover.target = Some(Primary { host, port });
        } else if parse::is(word, "force") && !failover.force {
            failover.force = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(failover)
}

fn refusal(ctx: &Ctx<'_>, failover: &Failover) -> Option<&'static str> {
    let replication = &ctx.engine.replication;
    if replication.is_failing_over() {
        return Some("ERR FAILOVER already in progress.");
    }
    if replication.is_replica() {
        return Some("ERR FAILOVER is not valid when server is a replica.");
    }
    if replication.replica_count() == 0 {
        return Some("ERR FAILOVER requires connected replicas.");
    }
    if failover.force && (failover.deadline.is_none() || failover.target.is_none()) {
        return Some(
            "ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
        );
    }
    let target = failover.target.as_ref()?;
    match replication.replica_at(target) {
        None => Some("ERR FAILOVER target HOST and PORT is not a replica."),
        Some(replica) if !replica.is_online() => Some("ERR FAILOVER target replica is not online."),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::failover::Step;
    use redpoll_engine::replication::Order;
    use redpoll_types::rng::SmallRng;
    use std::sync::mpsc;

    #[test]
    fn needs_replicas() {
        let none = "ERR FAILOVER requires connected replicas.";
        for options in ["", "TO h 1", "TO h 1 FORCE TIMEOUT 9", "timeout 5", "FORCE"] {
            check(&format!("FAILOVER {options}"), none);
        }
        check("FAILOVER ABORT", "ERR No failover in progress.");
        check("FAILOVER TIMEOUT 0", "ERR FAILOVER timeout must be greater than 0");
        for options in ["TO h", "TIMEOUT", "x", "FORCE FORCE", "ABORT FORCE"] {
            check(&format!("FAILOVER {options}"), "ERR syntax error");
        }
        check("FAILOVER TO h p", "ERR value is not an integer or out of range");
        check(
            "REPLICAOF host 1 | FAILOVER",
            "OK | ERR FAILOVER is not valid when server is a replica.",
        );
    }

    #[test]
    fn waits_for_the_replica_and_then_follows_it() {
        let mut server = TestServer::new();
        let (sender, orders) = mpsc::channel();
        server.engine.replication.set_taker(sender);
        let mut client = server.client();
        let mut replica = server.client_from("10.0.0.7:5", "");
        let replica = &mut replica;
        server.run(replica, "REPLCONF listening-port 7");
        server.run(replica, "PSYNC ? -1");
        let refused = "ERR FAILOVER target replica is not online.";
        assert_eq!(server.run(&mut client, "FAILOVER TO 10.0.0.7 7"), refused);
        let Ok(Order::FullSync(ordered)) = orders.try_recv() else { panic!("a snapshot") };
        let mut keys = server.engine.keyspace.keys(0, server.now);
        keys.lock_all();
        server.engine.begin_sync(&mut keys, std::slice::from_ref(&ordered));
        drop(keys);
        ordered.go_online();
        server.run(&mut client, "SET k v");
        let refused = "ERR FAILOVER target HOST and PORT is not a replica.";
        assert_eq!(server.run(&mut client, "FAILOVER TO 10.0.0.7 8"), refused);
        assert_eq!(server.run(&mut client, "FAILOVER TIMEOUT 500"), "OK");
        assert_eq!(server.run(&mut client, "FAILOVER"), "ERR FAILOVER already in progress.");
        let refused = "ERR REPLICAOF not allowed while failing over.";
        assert_eq!(server.run(&mut client, "REPLICAOF NO ONE"), refused);
        assert_eq!(server.run(&mut client, "SET k w"), "", "writes wait");
        let mut rng = SmallRng::new(1);
        let step = |now| server.engine.go_on_with_failover(&mut SmallRng::new(1), now);
        assert_eq!(step(server.now), Step::Waiting);
        let offset = server.engine.replication.offset();
        server.engine.replication.acknowledge(&replica.client, offset, None, server.now);
        let engine = server.engine.clone();
        let Step::Synced(target) = engine.go_on_with_failover(&mut rng, server.now) else {
            panic!("the replica is asked")
        };
        assert_eq!((&*target.host, target.port), ("10.0.0.7", 7));
        assert_eq!(server.run(&mut client, "ROLE"), "[slave 10.0.0.7 7 connect -1]");
        assert_eq!(server.run(&mut client, "FAILOVER ABORT"), "OK");
        assert!(server.run(&mut client, "ROLE").starts_with("[master"));
        assert_eq!(server.run(&mut client, "SET k w"), "OK");
    }
}
