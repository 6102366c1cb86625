//! `SAVE` and `BGSAVE [SCHEDULE]`: write all data to the snapshot file.

use crate::prelude::*;
use redpoll_engine::persistence::SaveError;

pub const SAVE: Command = Command {
    spec: Spec {
        name: "save",
        arity: 1,
        flags: Flags::ADMIN
            .with(Flags::NOSCRIPT)
            .with(Flags::NO_ASYNC_LOADING)
            .with(Flags::NO_MULTI),
        locks: Locks::Own,
        group: Group::Server,
        since: "1.0.0",
        summary: "Writes all data to the snapshot file, and answers when that is done.",
        complexity: "O(N) where N is the number of keys in all databases",
        ..Spec::EMPTY
    },
    run: save,
};

pub const BGSAVE: Command = Command {
    spec: Spec {
        name: "bgsave",
        arity: -1,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::NO_ASYNC_LOADING),
        locks: Locks::Own,
        group: Group::Server,
        since: "1.0.0",
        summary: "Writes all data to the snapshot file in the background.",
        complexity: "O(1); the rest goes on in the background, in O(N) where N is the number of \
                     keys in all databases.",
        args: &[Arg::flag("schedule", "SCHEDULE").optional()],
        ..Spec::EMPTY
    },
    run: bgsave,
};

fn save(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.engine.save(&mut ctx.keys).map_err(error)?;
    ctx.reply.ok();
    Ok(())
}

fn bgsave(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // It is for servers that cannot save while they rewrite their log, and changes nothing here.
    let schedule = args.is(1, "SCHEDULE");
    if args.len() > 2 || (args.len() == 2 && !schedule) {
        return Err(Error::Syntax);
    }
    ctx.engine.save_later(&mut ctx.keys).map_err(error)?;
    ctx.reply.simple("Background saving started");
    Ok(())
}

/// What a client is told: the log says more of what has failed.
pub(super) fn error(error: SaveError) -> Error {
    match error {
        SaveError::InProgress => Error::text(format!("ERR {error}")),
        SaveError::Failed(_) => Error::text("ERR"),
    }
}

#[cfg(test)]
mod begins;
#[cfg(test)]
mod moment;

#[cfg(test)]
mod tests {
    use crate::testing::{Disk, TestServer, check, configure};

    #[test]
    fn writes_all_databases() {
        let mut server = TestServer::new();
        let disk = Disk::of(&server);
        let mut session = server.client();
        for line in ["SET a 1", "SELECT 3", "RPUSH l a b", "SET v x EX 100"] {
            server.run(&mut session, line);
        }
        assert_eq!(server.run(&mut session, "SAVE"), "OK");
        let file = disk.file("dump.rdb").expect("a file");
        assert!(file.starts_with(b"REDIS0010"), "{file:?}");
        assert_eq!(server.engine.stats.dirty(), 0);
        assert_eq!(server.run(&mut session, "BGSAVE"), "Background saving started");
        assert_eq!(server.run(&mut session, "BGSAVE SCHEDULE"), "Background saving started");
        let info = server.run(&mut session, "INFO persistence");
        assert!(info.contains("rdb_saves:3\r\n"), "{info}");
    }

    #[test]
    fn failures() {
        let mut server = TestServer::new();
        let disk = Disk::of(&server);
        disk.break_down(true);
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "SAVE"), "ERR");
        assert_eq!(server.run(&mut session, "BGSAVE"), "Background saving started");
        let info = server.run(&mut session, "INFO persistence");
        assert!(info.contains("rdb_last_bgsave_status:err\r\n"), "{info}");
        assert!(server.run(&mut session, "SET k v").starts_with("MISCONF Redis is configured"));
        assert_eq!(server.run(&mut session, "GET k"), "nil");
        configure(&server, "stop-writes-on-bgsave-error", "no");
        assert_eq!(server.run(&mut session, "SET k v"), "OK");
        configure(&server, "stop-writes-on-bgsave-error", "yes");
        assert!(server.run(&mut session, "SET k v").starts_with("MISCONF"));
        disk.break_down(false);
        assert_eq!(server.run(&mut session, "SAVE"), "OK");
        assert_eq!(server.run(&mut session, "SET k v"), "OK");
    }

    #[test]
    fn refusals() {
        check("BGSAVE x | BGSAVE SCHEDULE x", "ERR syntax error | ERR syntax error");
        check("MULTI | SAVE", "OK | ERR Command not allowed inside a transaction");
    }
}
