//! `CLIENT GETNAME`: the connection's name.

use crate::prelude::*;

pub(super) const GETNAME: Command = Command {
    spec: Spec {
        name: "getname",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "2.6.9",
        summary: "Returns the name of the connection.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let names = ctx.session.client.names.lock();
    ctx.reply.bulk_or_null(Some(names.name.as_bytes()).filter(|name| !name.is_empty()));
    Ok(())
}
