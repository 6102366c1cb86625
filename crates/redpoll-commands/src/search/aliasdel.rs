//! `FT.ALIASDEL alias`: take another name of an index away.

use super::common;
use crate::prelude::*;
use redpoll_engine::acl::patterns::Access;

pub const ALIASDEL: Command = Command {
    spec: Spec {
        name: "ft.aliasdel",
        arity: 2,
        flags: Flags::WRITE,
        locks: Locks::All,
        group: Group::Search,
        since: "1.0.0",
        summary: "Takes another name of an index away.",
        complexity: "O(1)",
        args: &[Arg::string("alias")],
        ..Spec::EMPTY
    },
    run,
};

/// As FT.ALIASDEL, but there may be no such name.
pub const ALIASDELIFX: Command = Command {
    spec: Spec { name: "ft._aliasdelifx", since: "2.0.0", ..ALIASDEL.spec },
    run: |ctx, args| match ctx.engine.search.index(args.at(1)) {
        None => {
            ctx.reply.ok();
            Ok(())
        }
        Some(_) => run(ctx, args),
    },
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if let Some(index) = ctx.engine.search.index(args.at(1)) {
        common::permit(ctx, &index, Access::READ)?;
    }
    ctx.engine.search.remove_alias(args.at(1)).map_err(common::name_error)?;
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}
