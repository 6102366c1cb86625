//! `FT.ALIASLIST index`: the other names of an index.

use super::common;
use crate::prelude::*;
use redpoll_engine::acl::patterns::Access;

pub const ALIASLIST: Command = Command {
    spec: Spec {
        name: "ft.aliaslist",
        arity: 2,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "8.10.0",
        summary: "Returns the other names of an index.",
        complexity: "O(N) where N is the number of aliases.",
        args: &[Arg::string("index")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // Another name of an index will not do.
    let index = ctx.engine.search.indexes().into_iter().find(|index| *index.name == *args.at(1));
    let index = index.ok_or_else(|| common::unknown(args.at(1)))?;
    common::permit(ctx, &index, Access::READ)?;
    let aliases = ctx.engine.search.aliases_of(&index.name);
    ctx.reply.set(aliases.len());
    aliases.iter().for_each(|alias| ctx.reply.bulk(alias));
    Ok(())
}
