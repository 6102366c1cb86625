//! `FT.CURSOR DEL index cursor`: end a cursor.

use super::{index_name, number};
use crate::prelude::*;
use crate::search::aggregate;

pub(super) const DEL: Command = Command {
    spec: Spec {
        name: "del",
        arity: -4,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.1.0",
        summary: "Ends a cursor.",
        complexity: "O(1)",
        args: &[Arg::string("index"), Arg::integer("cursor_id")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (index, id) = (index_name(ctx, args.at(2))?, number(args.at(3))?);
    let now = aggregate::now_of(ctx);
    let taken = ctx.engine.search.cursors.lock().take(&index, id, now);
    taken.map_err(|_| Error::text("Cursor does not exist"))?;
    ctx.reply.ok();
    Ok(())
}
