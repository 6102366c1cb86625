//! `FT.CURSOR GC index cursor`: end all cursors that have lain idle for too long.

use crate::prelude::*;
use crate::search::{aggregate, common};
use redpoll_engine::acl::patterns::Access;

pub(super) const GC: Command = Command {
    spec: Spec {
        name: "gc",
        arity: -3,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.1.0",
        summary: "Ends the cursors that have lain idle for too long.",
        complexity: "O(N) where N is the number of cursors.",
        args: &[Arg::string("index"), Arg::integer("cursor_id")],
        ..Spec::EMPTY
    },
    run,
};

/// Cursors of all indexes go, whatever index and cursor are named.
fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if let Some(index) = ctx.engine.search.index(args.at(2)) {
        common::permit(ctx, &index, Access::READ)?;
    }
    let now = aggregate::now_of(ctx);
    let gone = ctx.engine.search.cursors.lock().expire(now);
    ctx.reply.count(gone);
    Ok(())
}
