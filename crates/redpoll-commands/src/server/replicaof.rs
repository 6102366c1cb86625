//! `REPLICAOF NO ONE` and its older name SLAVEOF: stay a primary. To follow another server is not
//! possible yet.

use crate::prelude::*;

pub const REPLICAOF: Command = Command {
    spec: Spec {
        name: "replicaof",
        arity: 3,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::NOSCRIPT).with(Flags::STALE),
        group: Group::Server,
        since: "5.0.0",
        summary: "Makes the server a replica of another, or a primary.",
        args: &[Arg::one_of(
            "args",
            &[
                Arg::block("host-port", &[Arg::string("host"), Arg::integer("port")]),
                Arg::block("no-one", &[Arg::flag("no", "NO"), Arg::flag("one", "ONE")]),
            ],
        )],
        ..Spec::EMPTY
    },
    run,
};

pub const SLAVEOF: Command = Command {
    spec: Spec {
        name: "slaveof",
        arity: 3,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::NOSCRIPT).with(Flags::STALE),
        group: Group::Server,
        since: "1.0.0",
        summary: "Makes the server a replica of another, or a primary.",
        args: &[Arg::one_of(
            "args",
            &[
                Arg::block("host-port", &[Arg::string("host"), Arg::integer("port")]),
                Arg::block("no-one", &[Arg::flag("no", "NO"), Arg::flag("one", "ONE")]),
            ],
        )],
        deprecated: Some(("5.0.0", "`REPLICAOF`")),
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.is(1, "no") && args.is(2, "one") {
        ctx.reply.ok();
        return Ok(());
    }
    let port = parse::int(args.at(2)).ok().filter(|port| (0..=65535).contains(port));
    Err(Error::text(match port {
        None => "ERR Invalid master port",
        Some(_) => "ERR This build cannot replicate from another server",
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn only_a_primary() {
        check("REPLICAOF NO ONE | SLAVEOF no one", "OK | OK");
        check("REPLICAOF host x", "ERR Invalid master port");
        check("REPLICAOF host 65536", "ERR Invalid master port");
        check("REPLICAOF host 6379", "ERR This build cannot replicate from another server");
    }
}
