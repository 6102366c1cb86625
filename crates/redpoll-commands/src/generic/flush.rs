//! `FLUSHDB [ASYNC | SYNC]` and `FLUSHALL`.
//!
//! Emptying takes no time: the tables are taken out of the stripes whole. What is freed, and when
//! the client is answered, differs: SYNC answers when all memory is free (no stripe is locked
//! meanwhile), otherwise large tables are freed in the background.

use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_engine::persistence::SaveError;
use redpoll_keyspace::Emptied;

pub const FLUSHDB: Command = Command {
    spec: Spec {
        name: "flushdb",
        history: &[("4.0.0", "The mode `ASYNC`."), ("6.2.0", "The mode `SYNC`.")],
        summary: "Removes all keys of the selected database.",
        complexity: "O(N) where N is the number of keys, in the background but for SYNC.",
        ..SPEC
    },
    run: |ctx, args| {
        let db = ctx.keys.db();
        flush(ctx, args, db..db + 1)
    },
};

pub const FLUSHALL: Command = Command {
    spec: Spec {
        name: "flushall",
        history: &[("4.0.0", "The mode `ASYNC`."), ("6.2.0", "The mode `SYNC`.")],
        summary: "Removes all keys of all databases.",
        complexity: "O(N) where N is the number of all keys, in the background but for SYNC.",
        ..SPEC
    },
    run: |ctx, args| {
        let databases = ctx.keys.keyspace().databases();
        // What is being saved is to go as well.
        ctx.engine.persistence.give_up_save();
        flush(ctx, args, 0..databases)?;
        empty_the_file(ctx);
        Ok(())
    },
};

const SPEC: Spec = Spec {
    arity: -1,
    flags: Flags::WRITE,
    acl: Acl::KEYSPACE.with(Acl::DANGEROUS),
    locks: Locks::All,
    group: Group::Server,
    since: "1.0.0",
    args: &[Arg::one_of(
        "flush-type",
        &[Arg::flag("async", "ASYNC").since("4.0.0"), Arg::flag("sync", "SYNC").since("6.2.0")],
    )
    .optional()],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    ..Spec::EMPTY
};

fn flush(ctx: &mut Ctx<'_>, args: Args<'_>, databases: std::ops::Range<usize>) -> Result {
    let at_once = match args.len() {
        1 => false,
        2 if args.is(1, "SYNC") => true,
        2 if args.is(1, "ASYNC") => false,
        _ => return Err(Error::Syntax),
    };
    let emptied: Vec<Emptied> = databases.map(|db| ctx.keys.empty(db)).collect();
    let removed: usize = emptied.iter().map(Emptied::keys).sum();
    ctx.keys.effects.dirty += removed as u64;
    ctx.log_always(args);
    if ctx.mode == Mode::Alone {
        ctx.keys.unlock();
    }
    let keyspace = ctx.keys.keyspace();
    for part in emptied {
        if at_once { part.free() } else { part.free_later(keyspace) }
    }
    ctx.reply.ok();
    Ok(())
}

/// Writes the snapshot file anew, where there are save points: a restart must not bring back what
/// was removed. A transaction or script holds all locks, which nobody may do while a file is
/// written; there it is done right afterwards.
fn empty_the_file(ctx: &mut Ctx<'_>) {
    if ctx.engine.config.save().is_empty() {
        return;
    }
    if ctx.mode != Mode::Alone {
        return ctx.engine.schedule_save();
    }
    match ctx.engine.save(&mut ctx.keys) {
        Ok(()) => {}
        Err(SaveError::InProgress) => ctx.engine.schedule_save(),
        Err(error) => log::warn!("FLUSHALL could not empty the snapshot file: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Disk, TestServer, check};

    #[test]
    fn the_file_is_emptied_too() {
        let mut server = TestServer::new();
        let disk = Disk::of(&server);
        server.engine.config.force("enable-debug-command", b"yes").expect("a valid value");
        let mut session = server.client();
        for line in ["SET a 1", "SAVE", "SET b 2", "FLUSHALL"] {
            server.run(&mut session, line);
        }
        assert_eq!(server.engine.stats.dirty(), 0);
        assert_eq!(server.run(&mut session, "DEBUG RELOAD NOSAVE"), "OK");
        assert_eq!(server.run(&mut session, "DBSIZE"), "0");
        for line in ["MULTI", "FLUSHALL", "EXEC"] {
            server.run(&mut session, line);
        }
        assert!(server.engine.is_save_due(server.now));
        disk.break_down(true);
        assert_eq!(server.run(&mut session, "FLUSHALL"), "OK");
    }

    #[test]
    fn one_database_or_all() {
        check(
            "SET a 1 | MOVE a 2 | SET b 1 | FLUSHDB | DBSIZE | SWAPDB 0 2 | DBSIZE | GET a",
            "OK | 1 | OK | OK | 0 | OK | 1 | 1",
        );
        check(
            "SET a 1 | MOVE a 2 | SET b 1 EX 9 | FLUSHALL | DBSIZE | SWAPDB 0 2 | DBSIZE",
            "OK | 1 | OK | OK | 0 | OK | 0",
        );
    }

    #[test]
    fn options() {
        check(
            "SET a 1 | FLUSHDB ASYNC | SET a 1 | flushall sync | DBSIZE",
            "OK | OK | OK | OK | 0",
        );
        check("FLUSHDB x | FLUSHALL ASYNC SYNC", "ERR syntax error | ERR syntax error");
    }
}
