//! `BGREWRITEAOF`: write a new append-only file of the data as they are.

use crate::prelude::*;
use redpoll_engine::ctx::Mode;

pub const BGREWRITEAOF: Command = Command {
    spec: Spec {
        name: "bgrewriteaof",
        arity: 1,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::NO_ASYNC_LOADING),
        group: Group::Server,
        since: "1.0.0",
        summary: "Rewrites the append-only file in the background.",
        complexity: "O(1); O(N) in the background, N being the keys in all databases",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let aof = &ctx.engine.persistence.aof;
    if aof.is_rewriting() {
        return Err(Error::text("ERR Background append only file rewriting already in progress"));
    }
    let begun = aof.keeper().and_then(|keeper| {
        aof.begin_rewrite(ctx.keys.now());
        keeper.rewrite()
    });
    if let Err(error) = begun {
        log::warn!("Can't rewrite the append-only file: {error}");
        aof.end_rewrite(true, ctx.keys.now());
        return Err(Error::text(
            "ERR Can't execute an AOF background rewriting. Please check the server logs for more \
             information.",
        ));
    }
    // In a transaction it waits for the end of that, which holds the data.
    let when = if ctx.mode == Mode::Transaction { "scheduled" } else { "started" };
    ctx.reply.simple(&format!("Background append only file rewriting {when}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::persistence::LogKeeper;
    use std::io;

    /// A keeper that does what it is asked for later.
    struct Slow;

    impl LogKeeper for Slow {
        fn rewrite(&self) -> io::Result<()> {
            Ok(())
        }

        fn replaced(&self) -> io::Result<()> {
            Ok(())
        }

        fn reload(&self) -> io::Result<()> {
            Err(io::Error::other("too slow"))
        }
    }

    #[test]
    fn one_at_a_time() {
        let mut server = TestServer::new();
        server.engine.persistence.aof.set_keeper(Box::new(Slow));
        let mut session = server.client();
        let started = "Background append only file rewriting started";
        assert_eq!(server.run(&mut session, "BGREWRITEAOF"), started);
        let text = "ERR Background append only file rewriting already in progress";
        assert_eq!(server.run(&mut session, "BGREWRITEAOF"), text);
        let info = server.run(&mut session, "INFO persistence");
        assert!(info.contains("aof_rewrite_in_progress:1\r\n"), "{info}");
        server.engine.persistence.aof.end_rewrite(false, server.now);
        assert_eq!(server.run(&mut session, "BGREWRITEAOF"), started);
        server.engine.persistence.aof.end_rewrite(false, server.now);
        server.run(&mut session, "MULTI");
        server.run(&mut session, "BGREWRITEAOF");
        let scheduled = "[Background append only file rewriting scheduled]";
        assert_eq!(server.run(&mut session, "EXEC"), scheduled);
    }

    #[test]
    fn there_may_be_no_way() {
        let text = "ERR Can't execute an AOF background rewriting. Please check the server logs \
                    for more information.";
        check("BGREWRITEAOF", text);
    }
}
