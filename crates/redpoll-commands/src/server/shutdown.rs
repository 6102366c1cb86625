//! `SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]`: end the program.
//!
//! The command only says so; the program ends when it sees the wish, after its replicas have caught
//! up. There is no reply but the end of the connection, or an error if the program cannot end.

use crate::prelude::*;
use redpoll_engine::client::flags;
use redpoll_engine::engine::ShutdownOptions;
use redpoll_engine::script::busy_error;

pub const SHUTDOWN: Command = Command {
    spec: Spec {
        name: "shutdown",
        history: &[("7.0.0", "The options `NOW`, `FORCE` and `ABORT`.")],
        arity: -1,
        flags: Flags::ADMIN
            .with(Flags::NOSCRIPT)
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::NO_MULTI)
            .with(Flags::ALLOW_BUSY),
        group: Group::Server,
        since: "1.0.0",
        summary: "Ends the server.",
        args: &[
            Arg::one_of(
                "save-selector",
                &[Arg::flag("nosave", "NOSAVE"), Arg::flag("save", "SAVE")],
            )
            .optional(),
            Arg::flag("now", "NOW").since("7.0.0").optional(),
            Arg::flag("force", "FORCE").since("7.0.0").optional(),
            Arg::flag("abort", "ABORT").since("7.0.0").optional(),
        ],
        complexity: "O(N) when saving, N being the keys",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let mut options = ShutdownOptions::default();
    let mut abort = false;
    for word in args.iter_from(1) {
        match word {
            _ if parse::is(word, "nosave") => options.nosave = true,
            _ if parse::is(word, "save") => options.save = true,
            _ if parse::is(word, "now") => options.now = true,
            _ if parse::is(word, "force") => options.force = true,
            _ if parse::is(word, "abort") => abort = true,
            _ => return Err(Error::Syntax),
        }
    }
    if (abort && options != ShutdownOptions::default()) || (options.save && options.nosave) {
        return Err(Error::Syntax);
    }
    if let Some(kind) = ctx.engine.scripts.busy()
        && !options.nosave
        && !abort
    {
        return Err(busy_error(kind));
    }
    let engine = ctx.engine;
    if !abort {
        let client = &ctx.session.client;
        client.set_flag(flags::BLOCKED, true);
        engine.shutdown_clients.lock().push(client.clone());
        // An end that waits for replicas stays what it is, as in Redis.
        if engine.waits_for_replicas_until().is_none() {
            *engine.shutdown.write() = Some(options);
        }
        return Ok(());
    }
    if !engine.give_up_end(ctx.keys.now()) {
        return Err(Error::text("ERR No shutdown in progress."));
    }
    log::warn!("Shutdown manually aborted.");
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::ending::Parting;
    use redpoll_engine::engine::ShutdownOptions;
    use std::sync::Arc;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn says_how_to_end() {
        let mut server = TestServer::new();
        let (mut session, mut ending) = (server.client(), server.client());
        assert_eq!(server.run(&mut ending, "SHUTDOWN nosave FORCE"), "");
        let wanted = ShutdownOptions { nosave: true, force: true, ..ShutdownOptions::default() };
        assert_eq!(*server.engine.shutdown.read(), Some(wanted));
        assert_eq!(server.run(&mut session, "SHUTDOWN ABORT"), "OK");
        assert_eq!(*server.engine.shutdown.read(), None);
        server.engine.signalled.store(15, Relaxed);
        assert_eq!(server.run(&mut session, "SHUTDOWN ABORT"), "OK");
        assert_eq!(server.engine.signalled.load(Relaxed), 0);
    }

    #[test]
    fn replicas_catch_up_first() {
        let mut server = TestServer::new();
        let (mut client, mut replica) = (server.client(), server.client());
        let (options, engine) = (ShutdownOptions::default(), Arc::clone(&server.engine));
        assert_eq!(engine.part_from_replicas(options, server.now), Parting::Over);
        server.run(&mut replica, "PSYNC ? -1");
        engine.replication.say(&[b"PING"]);
        server.run(&mut client, "SHUTDOWN");
        let now_options = ShutdownOptions { now: true, ..options };
        assert_eq!(engine.part_from_replicas(now_options, server.now), Parting::Over);
        assert_eq!(engine.part_from_replicas(options, server.now), Parting::Begun);
        assert_eq!(engine.part_from_replicas(options, server.now), Parting::Waiting);
        assert_eq!(engine.waits_for_replicas_until(), Some(server.now + 10_000));
        assert!(engine.pause.holds(true, server.now).is_some(), "writes wait");
        assert_eq!(engine.part_from_replicas(options, server.now + 10_000), Parting::Over);
        // Another one changes nothing.
        server.run(&mut client, "SHUTDOWN NOSAVE");
        assert_eq!(*engine.shutdown.read(), Some(options));
        let offset = engine.replication.offset();
        server.run(&mut replica, &format!("REPLCONF ACK {offset}"));
        assert_eq!(engine.part_from_replicas(options, server.now), Parting::Over);
        let info = server.run(&mut client, "INFO server");
        assert!(info.contains("shutdown_in_milliseconds:10000"), "{info}");
        let mut other = server.client();
        assert_eq!(server.run(&mut other, "SHUTDOWN ABORT"), "OK");
        assert_eq!(engine.waits_for_replicas_until(), None);
        assert!(engine.pause.holds(true, server.now).is_none());
    }

    #[test]
    fn refusals() {
        check("SHUTDOWN ABORT", "ERR No shutdown in progress.");
        check("SHUTDOWN SAVE NOSAVE", "ERR syntax error");
        check("SHUTDOWN NOW ABORT | SHUTDOWN later", "ERR syntax error | ERR syntax error");
        check("MULTI | SHUTDOWN", "OK | ERR Command not allowed inside a transaction");
    }
}
