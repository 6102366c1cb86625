//! `FT._LIST`: the names of all indexes.

use crate::prelude::*;

pub const LIST: Command = Command {
    spec: Spec {
        name: "ft._list",
        arity: -1,
        flags: Flags::READONLY,
        acl: Acl::ADMIN,
        group: Group::Search,
        since: "2.0.0",
        summary: "Returns the names of all indexes.",
        complexity: "O(N) where N is the number of indexes.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let indexes = ctx.engine.search.indexes();
    ctx.reply.set(indexes.len());
    indexes.iter().for_each(|index| ctx.reply.bulk(&index.name));
    Ok(())
}
