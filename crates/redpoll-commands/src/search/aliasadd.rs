//! `FT.ALIASADD alias index` and `FT.ALIASUPDATE alias index`: give an index another name.

use super::common;
use crate::prelude::*;

pub const ALIASADD: Command = Command {
    spec: Spec {
        name: "ft.aliasadd",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        locks: Locks::All,
        group: Group::Search,
        since: "1.0.0",
        summary: "Gives an index another name.",
        complexity: "O(1)",
        args: &[Arg::string("alias"), Arg::string("index")],
        ..Spec::EMPTY
    },
    run: |ctx, args| run(ctx, args, false),
};

pub const ALIASUPDATE: Command = Command {
    spec: Spec {
        name: "ft.aliasupdate",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        locks: Locks::All,
        group: Group::Search,
        since: "1.0.0",
        summary: "Gives an index another name, taking it from the one that has it.",
        complexity: "O(1)",
        args: &[Arg::string("alias"), Arg::string("index")],
        ..Spec::EMPTY
    },
    run: |ctx, args| run(ctx, args, true),
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, replace: bool) -> Result {
    let added = ctx.engine.search.add_alias(args.at(1), args.at(2), replace);
    added.map_err(common::name_error)?;
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}
