//! `CLIENT TRACKINGINFO`: how the client caches. There is no tracking yet, so it is off.

use crate::prelude::*;

pub(super) const TRACKINGINFO: Command = Command {
    spec: Spec {
        name: "trackinginfo",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "6.2.0",
        summary: "Returns how the connection tracks keys for a client-side cache.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let reply = &mut ctx.reply;
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(1);
    reply.bulk(b"off");
    reply.bulk(b"redirect");
    reply.int(-1);
    reply.bulk(b"prefixes");
    reply.array(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn nobody_tracks() {
        check("CLIENT TRACKINGINFO", "[flags [off] redirect -1 prefixes []]");
    }
}
