//! `WATCH key ...`: let EXEC do nothing if one of the keys changes before.

use crate::prelude::*;

pub const WATCH: Command = Command {
    spec: Spec {
        name: "watch",
        arity: -2,
        flags: Flags::NOSCRIPT
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::ALLOW_BUSY),
        keys: &[KeySpec::range(1, -1, 1).ro()],
        group: Group::Transactions,
        since: "2.2.0",
        summary: "Lets the next transaction do nothing if one of the keys changes before.",
        args: &[Arg::key("key", 0).multiple()],
        complexity: "O(N), N being the keys",
        locks: Locks::Own,
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if ctx.session.transaction.is_some() {
        return Err(Error::text("ERR WATCH inside MULTI is not allowed"));
    }
    // Once a watched key has changed, the transaction is lost, whatever else is watched.
    if !ctx.session.watch_broken() {
        args.iter_from(1).for_each(|key| ctx.engine.watch(ctx.session, &mut ctx.keys, key));
        ctx.keys.unlock();
    }
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn own_changes_count_too() {
        check("WATCH k | SET k v | MULTI | GET k | EXEC", "OK | OK | OK | QUEUED | nil");
        check("WATCH k | SET other v | MULTI | PING | EXEC", "OK | OK | OK | QUEUED | [PONG]");
        check("WATCH k k | GETDEL k | MULTI | EXEC", "OK | nil | OK | []");
        check(
            "SELECT 1 | WATCH k | SELECT 0 | SET k v | MULTI | EXEC",
            "OK | OK | OK | OK | OK | []",
        );
    }

    #[test]
    fn not_inside_a_transaction() {
        let text = "ERR WATCH inside MULTI is not allowed";
        check("MULTI | WATCH k | EXEC", &format!("OK | {text} | []"));
    }

    #[test]
    fn figures_tell_of_watched_keys() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "WATCH a b a");
        assert_eq!(session.watched.len(), 2);
    }
}
