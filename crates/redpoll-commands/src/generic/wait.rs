//! `WAIT numreplicas timeout` and `WAITAOF numlocal numreplicas timeout`: wait until so many
//! replicas have acknowledged the client's writes, or have them in their append-only files.

use crate::prelude::*;
use redpoll_engine::block::{BlockRequest, TimeoutReply};
use redpoll_types::value::Type;

pub const WAIT: Command = Command {
    spec: Spec {
        name: "wait",
        arity: 3,
        acl: Acl::CONNECTION,
        group: Group::Generic,
        since: "3.0.0",
        summary: "Waits until replicas have acknowledged the client's writes.",
        args: &[Arg::integer("numreplicas"), Arg::integer("timeout")],
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        ..Spec::EMPTY
    },
    run,
};

pub const WAITAOF: Command = Command {
    spec: Spec {
        name: "waitaof",
        arity: 4,
        flags: Flags::NOSCRIPT,
        acl: Acl::CONNECTION,
        group: Group::Generic,
        since: "7.2.0",
        summary: "Waits until the client's writes are in append-only files.",
        args: &[Arg::integer("numlocal"), Arg::integer("numreplicas"), Arg::integer("timeout")],
        tips: &["request_policy:all_shards", "response_policy:agg_min"],
        ..Spec::EMPTY
    },
    run: waitaof,
};

fn waitaof(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let local = parse::int_in(args.at(1), 0..=1)? > 0;
    let replicas = parse::int(args.at(2))?;
    if replicas < 0 {
        return Err(Error::text("ERR value is out of range, must be positive"));
    }
    let timeout_ms = parse::timeout_ms(args.at(3), ctx.keys.now())?;
    let replication = &ctx.engine.replication;
    if replication.is_replica() {
        return Err(Error::text(
            "ERR WAITAOF cannot be used with replica instances. Please also note that writes to \
             replicas are just local and are not propagated.",
        ));
    }
    if local && !ctx.engine.persistence.aof.is_enabled() {
        return Err(Error::text(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        ));
    }
    let (position, offset) = (ctx.session.log_position, ctx.session.write_offset);
    let here = ctx.engine.persisted_here(position);
    let persisted = replication.persisted_by(offset);
    let wanted = usize::try_from(replicas).unwrap_or(0);
    if (persisted >= wanted && here >= usize::from(local)) || !ctx.may_block() {
        ctx.reply.array(2);
        ctx.reply.count(here);
        ctx.reply.count(persisted);
        return Ok(());
    }
    let on_timeout = TimeoutReply::Persisted { position, local, offset, wanted };
    wait_for_replicas(ctx, timeout_ms, on_timeout);
    Ok(())
}

/// Asks the replicas how far they are, and waits for what they say, and for the log.
fn wait_for_replicas(ctx: &mut Ctx<'_>, timeout_ms: Option<i64>, on_timeout: TimeoutReply) {
    ctx.engine.replication.say(&[b"REPLCONF", b"GETACK", b"*"]);
    ctx.block(BlockRequest {
        on_timeout,
        ..BlockRequest::for_keys(Vec::new(), timeout_ms, Type::String)
    });
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let replicas = parse::int(args.at(1))?;
    let timeout_ms = parse::timeout_ms(args.at(2), ctx.keys.now())?;
    let replication = &ctx.engine.replication;
    if replication.is_replica() {
        return Err(Error::text(
            "ERR WAIT cannot be used with replica instances. Please also note that since Redis \
             4.0 if a replica is configured to be writable (which is not the default) writes to \
             replicas are just local and are not propagated.",
        ));
    }
    let offset = ctx.session.write_offset;
    let acknowledged = replication.acknowledged_by(offset);
    let wanted = usize::try_from(replicas).unwrap_or(0);
    if acknowledged >= wanted || !ctx.may_block() {
        ctx.reply.count(acknowledged);
        return Ok(());
    }
    wait_for_replicas(ctx, timeout_ms, TimeoutReply::Acknowledged { offset, wanted });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn nobody_to_wait_for() {
        check("WAIT 0 0 | WAIT -1 100 | SET k v | WAIT 0 10", "0 | 0 | OK | 0");
    }

    #[test]
    fn waits_for_replicas_that_never_come() {
        let mut server = TestServer::new();
        let mut client = server.client();
        assert_eq!(server.run(&mut client, "WAIT 1 100"), "");
        let waiter = client.waiting.clone().expect("the client waits");
        assert_eq!(waiter.deadline, server.now + 100);
        let mut out = Vec::new();
        assert!(server.executor.give_up(&mut client, false, &mut out));
        assert_eq!(out, b":0\r\n");
    }

    #[test]
    fn no_files_to_wait_for() {
        check("WAITAOF 0 0 0 | MULTI | WAITAOF 0 1 0 | EXEC", "[0 0] | OK | QUEUED | [[0 0]]");
        let mut server = TestServer::new();
        let mut client = server.client();
        assert_eq!(server.run(&mut client, "WAITAOF 0 1 100"), "");
        server.now += 100;
        assert_eq!(server.receive(&mut client), "[0 0]");
        check(
            "WAITAOF 1 0 0 | WAITAOF 2 0 0 | WAITAOF 0 -1 0 | WAITAOF 0 0 -1",
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled. | \
             ERR value is out of range, value must between 0 and 1 | \
             ERR value is out of range, must be positive | ERR timeout is negative",
        );
    }

    #[test]
    fn refuses_bad_arguments() {
        check("WAIT x 0", "ERR value is not an integer or out of range");
        check("WAIT 1 x", "ERR timeout is not an integer or out of range");
        check("WAIT 1 -1", "ERR timeout is negative");
        check("WAIT 1 9223372036854775807", "ERR timeout is out of range");
    }
}
