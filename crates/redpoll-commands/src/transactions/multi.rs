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
    fn subcommands_wait_whatever_they_are_called() {
        check("MULTI | SLOWLOG RESET | LATENCY RESET | EXEC", "OK | QUEUED | QUEUED | [OK 0]");
        check(
            "SUBSCRIBE c | SLOWLOG RESET",
            "[subscribe c 1] | ERR Can't execute 'slowlog|reset': only (P|S)SUBSCRIBE / \
             (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        );
    }

    #[test]
    fn does_not_nest() {
        let text = "ERR MULTI calls can not be nested";
        check("MULTI | MULTI | SET k v | EXEC", &format!("OK | {text} | QUEUED | [OK]"));
    }
}
