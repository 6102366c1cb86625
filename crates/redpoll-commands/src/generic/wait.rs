//! `WAIT numreplicas timeout`: wait until so many replicas have acknowledged the client's writes.
//!
//! There are no replicas yet, so none ever acknowledges: asked for none, the answer comes at once,
//! asked for some, when the time is over.

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

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let replicas = parse::int(args.at(1))?;
    let timeout_ms = parse::timeout_ms(args.at(2), ctx.keys.now())?;
    if replicas <= 0 || !ctx.may_block() {
        ctx.reply.int(0);
        return Ok(());
    }
    ctx.block(BlockRequest {
        on_timeout: TimeoutReply::Zero,
        ..BlockRequest::for_keys(Vec::new(), timeout_ms, Type::String)
    });
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
    fn refuses_bad_arguments() {
        check("WAIT x 0", "ERR value is not an integer or out of range");
        check("WAIT 1 x", "ERR timeout is not an integer or out of range");
        check("WAIT 1 -1", "ERR timeout is negative");
        check("WAIT 1 9223372036854775807", "ERR timeout is out of range");
    }
}
