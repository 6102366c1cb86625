//! `ACL WHOAMI`: the user of the connection.

use crate::prelude::*;

pub(super) const WHOAMI: Command = Command {
    spec: Spec {
        name: "whoami",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Returns the user of the connection.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let names = ctx.session.client.names.lock();
    ctx.reply.bulk(names.user.as_bytes());
    Ok(())
}
