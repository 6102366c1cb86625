//! `CLIENT GETREDIR`: which connection gets the invalidations of this one. There is no tracking
//! yet, so the answer is -1 as for a client that does not track.

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
    ctx.reply.int(-1);
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
