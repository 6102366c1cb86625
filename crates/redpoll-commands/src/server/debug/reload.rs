//! `DEBUG RELOAD [NOSAVE] [NOFLUSH] [MERGE]`: save all data, and load it again.
//!
//! All stripes are locked from beginning to end: nobody sees the keyspace empty.

use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_engine::persistence::{LoadError, Merge};

pub(super) fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (mut save, mut flush, mut merge) = (true, true, Merge::Refuse);
    for word in args.iter_from(2) {
        match word {
            _ if parse::is(word, "NOSAVE") => save = false,
            _ if parse::is(word, "NOFLUSH") => flush = false,
            _ if parse::is(word, "MERGE") => merge = Merge::Replace,
            _ => {
                return Err(Error::text(
                    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
                ));
            }
        }
    }
    ctx.keys.lock_all();
    if save {
        ctx.engine.save(&mut ctx.keys).map_err(crate::server::save::error)?;
    }
    let databases = if flush { ctx.keys.keyspace().databases() } else { 0 };
    let emptied: Vec<_> = (0..databases).map(|db| ctx.keys.empty(db)).collect();
    if flush {
        ctx.engine.scripts.flush_libraries();
    }
    let loaded = ctx.engine.load(&mut ctx.keys, merge);
    if ctx.mode == Mode::Alone {
        ctx.keys.unlock();
    }
    let keyspace = ctx.keys.keyspace();
    emptied.into_iter().for_each(|part| part.free_later(keyspace));
    match loaded {
        // Without a file there is nothing to load, as at a start.
        Ok(_) | Err(LoadError::Missing) => ctx.reply.ok(),
        Err(_) => {
            let text = "ERR Error trying to load the RDB dump, check server logs.";
            return Err(Error::text(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::allow;
    use crate::testing::{Disk, TestServer};

    #[test]
    fn everything_comes_back() {
        let mut server = TestServer::new();
        allow(&mut server);
        let disk = Disk::of(&server);
        let mut session = server.client();
        for line in [
            "SET a 1",
            "SET b x EX 100",
            "RPUSH l a b 3",
            "SADD s 1 2",
            "SADD t x",
            "ZADD z 1 a",
            "HSET h f v",
            "SELECT 4",
            "SET c 1",
            "SELECT 0",
        ] {
            server.run(&mut session, line);
        }
        let before = server.run(&mut session, "DEBUG DIGEST");
        assert_eq!(server.run(&mut session, "DEBUG RELOAD"), "OK");
        assert_eq!(server.run(&mut session, "DEBUG DIGEST"), before);
        assert_eq!(server.run(&mut session, "TTL b"), "100");
        server.run(&mut session, "SET new 1");
        assert_eq!(server.run(&mut session, "DEBUG RELOAD NOSAVE NOFLUSH MERGE"), "OK");
        assert_eq!(server.run(&mut session, "EXISTS new a"), "2");
        let text = "ERR Error trying to load the RDB dump, check server logs.";
        assert_eq!(server.run(&mut session, "DEBUG RELOAD NOFLUSH"), text);
        let text = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
        assert_eq!(server.run(&mut session, "DEBUG RELOAD FOO"), text);
        let file = disk.file("dump.rdb").expect("a file");
        disk.put("dump.rdb", &file[..file.len() - 20]);
        let text = "ERR Error trying to load the RDB dump, check server logs.";
        assert_eq!(server.run(&mut session, "DEBUG RELOAD NOSAVE"), text);
    }
}
