//! `DISCARD`: forget what has been queued since MULTI.

use crate::prelude::*;

pub const DISCARD: Command = Command {
    spec: Spec {
        name: "discard",
        arity: 1,
        flags: Flags::NOSCRIPT
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::ALLOW_BUSY),
        group: Group::Transactions,
        since: "2.0.0",
        summary: "Gives a transaction up.",
        complexity: "O(N), N being the queued commands",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    if ctx.session.transaction.take().is_none() {
        return Err(Error::text("ERR DISCARD without MULTI"));
    }
    ctx.engine.unwatch(ctx.session);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn forgets() {
        check("DISCARD", "ERR DISCARD without MULTI");
        check(
            "MULTI | SET k v | DISCARD | GET k | EXEC",
            "OK | QUEUED | OK | nil | ERR EXEC without MULTI",
        );
        check("WATCH k | SET k 1 | MULTI | DISCARD | MULTI | EXEC", "OK | OK | OK | OK | OK | []");
    }
}
