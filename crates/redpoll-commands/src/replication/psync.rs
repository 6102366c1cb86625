//! `PSYNC replicationid offset` and its older form `SYNC`: the client becomes a replica.
//!
//! Neither has a reply of its own: what the replica gets (`+CONTINUE` and what it has missed, or
//! `+FULLRESYNC` and a snapshot) is sent as the stream's beginning.

use crate::prelude::*;
use redpoll_engine::replication::Asked;
use redpoll_engine::session::ReplyMode;

const SPEC: Spec = Spec {
    flags: Flags::ADMIN.with(Flags::NO_ASYNC_LOADING).with(Flags::NO_MULTI).with(Flags::NOSCRIPT),
    group: Group::Server,
    ..Spec::EMPTY
};

pub const PSYNC: Command = Command {
    spec: Spec {
        name: "psync",
        arity: -3,
        since: "2.8.0",
        summary: "Makes the client a replica that goes on from an offset, if that is possible.",
        complexity: "O(N) where N is the number of bytes that the replica has missed.",
        args: &[Arg::string("replicationid"), Arg::integer("offset")],
        // With FAILOVER it changes the role.
        locks: Locks::All,
        ..SPEC
    },
    run: psync,
};

pub const SYNC: Command = Command {
    spec: Spec {
        name: "sync",
        arity: 1,
        since: "1.0.0",
        summary: "Makes the client a replica that gets a snapshot first.",
        ..SPEC
    },
    run: |ctx, _| become_replica(ctx, None),
};

fn psync(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let id = String::from_utf8_lossy(args.at(1)).into_owned();
    if args.is(3, "failover") && !ctx.session.is_replica {
        take_over(ctx, &id)?;
    }
    let offset = parse::int(args.at(2)).inspect_err(|_| {
        let address = &ctx.session.client.origin.address;
        log::warn!("Replica {address} asks for synchronization but with a wrong offset");
    })?;
    ctx.session.announced.get_or_insert_default().named_offset = true;
    let offset = u64::try_from(offset).ok().filter(|_| id != "?");
    become_replica(ctx, offset.map(|offset| (&*id, offset)))
}

/// The primary asks this replica of it to take its place, and becomes a replica itself.
fn take_over(ctx: &mut Ctx<'_>, id: &str) -> Result {
    let replication = &ctx.engine.replication;
    if !replication.is_replica() {
        return Err(Error::text("ERR PSYNC FAILOVER can't be sent to a master."));
    }
    if !replication.id().eq_ignore_ascii_case(id) {
        return Err(Error::text("ERR PSYNC FAILOVER replid must match my replid."));
    }
    ctx.engine.follow(&ctx.keys, None, ctx.rng);
    Ok(())
}

fn become_replica(ctx: &mut Ctx<'_>, wanted: Option<(&str, u64)>) -> Result {
    let replication = &ctx.engine.replication;
    // Nobody would send what it gets to our primary, which is at the other end.
    if ctx.session.is_replica || ctx.session.is_primary {
        return Ok(());
    }
    if replication.is_failing_over() {
        return Err(Error::text("NOMASTERLINK Can't SYNC while failing over"));
    }
    if ctx.session.announced.as_ref().is_some_and(|it| it.without_data && !it.eof) {
        return Err(Error::text("ERR Filtered replica requires EOF capability"));
    }
    if !replication.can_serve() {
        return Err(Error::text("NOMASTERLINK Can't SYNC while not connected with my master"));
    }
    ctx.session.is_replica = true;
    // Nothing but the stream goes to it: the answer to a command would end up in its data.
    ctx.session.reply_mode = ReplyMode::Off;
    ctx.session.client.set_flag(redpoll_engine::client::flags::REPLICA, true);
    let announced = ctx.session.announced.clone().unwrap_or_default();
    let asked = replication.register((&ctx.session.client, announced), wanted, ctx.keys.now());
    if asked == Asked::Full {
        ctx.session.client.wake();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;
    use redpoll_engine::replication::Order;
    use std::sync::mpsc;

    #[test]
    fn takes_over_from_its_primary_only() {
        let mut server = TestServer::new();
        server.engine.replication.change_id("a".repeat(40));
        let mut client = server.client();
        let (mine, other) = ("a".repeat(40), "b".repeat(40));
        let ask = |id: &str| format!("PSYNC {id} 1 FAILOVER");
        let refused = "ERR PSYNC FAILOVER can't be sent to a master.";
        assert_eq!(server.run(&mut client, &ask(&mine)), refused);
        server.run(&mut client, "REPLICAOF host 7000");
        let refused = "ERR PSYNC FAILOVER replid must match my replid.";
        assert_eq!(server.run(&mut client, &ask(&other)), refused);
        assert_eq!(server.run(&mut client, &ask(&mine)), "");
        assert!(!server.engine.replication.is_replica());
    }

    #[test]
    fn gets_a_snapshot_first_and_later_what_it_missed() {
        let mut server = TestServer::new();
        server.engine.replication.change_id("a".repeat(40));
        let (sender, orders) = mpsc::channel();
        server.engine.replication.set_taker(sender);
        let (mut writer, mut replica) = (server.client(), server.client());
        assert_eq!(server.run(&mut replica, "PSYNC ? -1"), "");
        let Ok(Order::FullSync(ordered)) = orders.try_recv() else { panic!("a snapshot") };
        let mut keys = server.engine.keyspace.keys(0, server.now);
        keys.lock_all();
        let at = server.engine.begin_sync(&mut keys, std::slice::from_ref(&ordered));
        drop(keys);
        let id = at.id;
        assert_eq!(at.offset, 0);
        server.run(&mut writer, "SET k v");
        let mut sent = Vec::new();
        replica.client.take_outbox(&mut sent);
        assert!(sent.is_empty(), "the snapshot comes first");
        ordered.go_online();
        server.run(&mut writer, "DEL k");
        server.engine.replication.give(&replica.client, 20, &mut sent);
        assert_eq!(sent.len(), 20);
        server.engine.replication.give(&replica.client, usize::MAX, &mut sent);
        let all = String::from_utf8_lossy(&sent).replace("\r\n", " ");
        assert_eq!(all, "*2 $6 SELECT $1 0 *3 $3 SET $1 k $1 v *2 $3 DEL $1 k ");
        // Another that has seen everything but the DEL.
        let mut other = server.client();
        let from = sent.len() - b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n".len() + 1;
        let mut reply = server.raw(&mut other, &format!("PSYNC {id} {from}"));
        server.engine.replication.give(&other.client, usize::MAX, &mut reply);
        let reply = String::from_utf8_lossy(&reply).replace("\r\n", " ");
        assert_eq!(reply, "+CONTINUE *2 $3 DEL $1 k ");
        let mut stranger = server.client();
        assert_eq!(server.run(&mut stranger, &format!("PSYNC {} {from}", "0".repeat(40))), "");
        assert!(matches!(orders.try_recv(), Ok(Order::FullSync(_))));
    }
}
