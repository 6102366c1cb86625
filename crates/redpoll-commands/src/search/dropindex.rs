//! `FT.DROPINDEX index [DD]`: remove an index, with its documents or without.

use super::common;
use crate::prelude::*;
use redpoll_engine::search::SearchIndex;
use redpoll_keyspace::table::Cursor;

pub const DROPINDEX: Command = Command {
    spec: Spec {
        name: "ft.dropindex",
        arity: -2,
        flags: Flags::WRITE,
        acl: Acl::DANGEROUS,
        locks: Locks::All,
        group: Group::Search,
        since: "2.0.0",
        summary: "Removes an index, and on demand its documents.",
        complexity: "O(1), or O(N) with DD, where N is the number of keys.",
        args: &[Arg::string("index"), Arg::flag("delete_docs", "DD").optional()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let deletes = match args.get(2) {
        // An empty word is what some clients send for "no".
        None | Some(b"") => false,
        Some(word) if parse::is(word, "dd") && args.len() == 3 => true,
        Some(_) => return Err(Error::text("Unknown argument")),
    };
    let removed = ctx.engine.search.remove(args.at(1), &ctx.engine.keyspace);
    let index = removed.ok_or_else(|| common::unknown(args.at(1)))?;
    if deletes {
        delete_documents(ctx, &index);
    }
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}

fn delete_documents(ctx: &mut Ctx<'_>, index: &SearchIndex) {
    let mut keys: Vec<Box<[u8]>> = Vec::new();
    for stripe in 0..ctx.engine.keyspace.stripes() {
        let table = &ctx.keys.held_stripe(stripe).dbs()[0].table;
        let mut cursor = Some(Cursor::default());
        while let Some(at) = cursor {
            cursor = table.scan_step(at, &mut |entry| {
                let key = entry.key();
                if index.wants(key) && index.index.contains(key) {
                    keys.push(key.into());
                }
            });
        }
    }
    let before = ctx.keys.db();
    ctx.keys.select(0);
    for key in &keys {
        // A walk may meet an entry twice.
        if ctx.keys.delete(key) {
            ctx.wrote(key, Class::Generic, "del", 1);
        }
    }
    ctx.keys.select(before);
}
