//! `CLIENT GETREDIR`: which connection is told of changed keys in place of this one; 0 for none, -1
//! for a client that does not track.

use crate::prelude::*;

pub(super) const GETREDIR: Command = Command {
    spec: Spec {
        name: "getredir",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "6.0.0",
        summary: "Returns the client that invalidations are redirected to.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.reply.int(ctx.session.client.redirection());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn nobody_tracks() {
        check("CLIENT GETREDIR", "-1");
    }
}
