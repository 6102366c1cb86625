//! `UNWATCH`: no longer care for changes of keys.

use crate::prelude::*;

pub const UNWATCH: Command = Command {
    spec: Spec {
        name: "unwatch",
        arity: 1,
        flags: Flags::NOSCRIPT
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::ALLOW_BUSY),
        group: Group::Transactions,
        since: "2.2.0",
        summary: "Forgets all watched keys.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    // In a transaction no key is watched any more, so this takes no lock twice.
    ctx.engine.unwatch(ctx.session);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn changes_no_longer_count() {
        check("WATCH k | SET k v | UNWATCH | MULTI | EXEC", "OK | OK | OK | OK | []");
        check("WATCH k | MULTI | UNWATCH | SET k v | EXEC", "OK | OK | QUEUED | QUEUED | [OK OK]");
    }
}
