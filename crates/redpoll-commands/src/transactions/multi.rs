//! `MULTI`: what follows waits for EXEC.

use crate::prelude::*;
use redpoll_engine::session::Transaction;

pub const MULTI: Command = Command {
    spec: Spec {
        name: "multi",
        arity: 1,
        flags: Flags::NOSCRIPT
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::ALLOW_BUSY),
        group: Group::Transactions,
        since: "1.2.0",
        summary: "Begins a transaction.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    if ctx.session.transaction.is_some() {
        return Err(Error::text("ERR MULTI calls can not be nested"));
    }
    ctx.session.transaction = Some(Transaction::default());
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn does_not_nest() {
        let text = "ERR MULTI calls can not be nested";
        check("MULTI | MULTI | SET k v | EXEC", &format!("OK | {text} | QUEUED | [OK]"));
    }
}
