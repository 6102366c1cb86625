//! `FT.CURSOR READ index cursor [COUNT count]`: the next rows.

use super::{index_name, number};
use crate::prelude::*;
use crate::search::rows::{self, Summary};
use crate::search::{aggregate, common, running};

pub(super) const READ: Command = Command {
    spec: Spec {
        name: "read",
        arity: -4,
        flags: Flags::READONLY,
        locks: Locks::Own,
        group: Group::Search,
        since: "1.1.0",
        summary: "Returns the next rows of a cursor.",
        complexity: "O(N) where N is the number of rows.",
        args: &[
            Arg::string("index"),
            Arg::integer("cursor_id"),
            Arg::integer("read_size").token("COUNT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (index, id) = (index_name(ctx, args.at(2))?, number(args.at(3))?);
    let count = match args.get(4) {
        None => None,
        Some(word) if parse::is(word, "count") && args.len() == 6 => {
            let word = args.at(5);
            let count = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
            let word = String::from_utf8_lossy(word);
            let bad = || Error::text(format!("Bad value for COUNT: `{word}`"));
            Some(count.filter(|count| *count > 0).ok_or_else(bad)?)
        }
        Some(word) => {
            let word = String::from_utf8_lossy(word);
            return Err(Error::text(format!("Unknown argument `{word}`")));
        }
    };
    let many = count.unwrap_or(0).max(ctx.engine.search.config.read().cursor_read_size);
    if running::leaves(ctx, many) {
        return Ok(());
    }
    let now = aggregate::now_of(ctx);
    let taken = ctx.engine.search.cursors.lock().take(&index, id, now);
    let mut cursor = taken.map_err(common::error)?;
    let some = cursor.read(count);
    ctx.reply.array(2);
    let summary = Summary { total: cursor.total(some.len()), ..Summary::default() };
    rows::reply(&mut ctx.reply, &cursor.pipeline.columns(), &some, summary);
    match cursor.is_done() {
        true => ctx.reply.int(0),
        false => {
            ctx.engine.search.cursors.lock().put_back(id, cursor, now);
            ctx.reply.int(id as i64);
        }
    }
    Ok(())
}
