//! `FT.ALIASADD alias index` and `FT.ALIASUPDATE alias index`: give an index another name.

use super::common;
use crate::prelude::*;
use redpoll_engine::acl::patterns::Access;

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

/// As FT.ALIASADD, but nothing happens if the index has the name already.
pub const ALIASADDIFNX: Command = Command {
    spec: Spec { name: "ft._aliasaddifnx", since: "2.0.0", ..ALIASADD.spec },
    run: |ctx, args| {
        let known = ctx.engine.search.aliases_of(args.at(2));
        match known.iter().any(|alias| **alias == *args.at(1)) {
            true => ctx.reply.ok(),
            false => run(ctx, args, false)?,
        }
        Ok(())
    },
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, replace: bool) -> Result {
    // An alias that is taken from an index is taken from its users.
    for name in [args.at(2), args.at(1)] {
        if let Some(index) = ctx.engine.search.index(name) {
            common::permit(ctx, &index, Access::READ)?;
        }
    }
    let added = ctx.engine.search.add_alias(args.at(1), args.at(2), replace);
    added.map_err(common::name_error)?;
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn once_or_if_it_is_new() {
        check(
            "FT.CREATE i SCHEMA t TEXT | FT.CREATE j SCHEMA t TEXT | FT._ALIASADDIFNX a i | \
             FT.ALIASADD a i | FT._ALIASADDIFNX a i | FT._ALIASADDIFNX a j | \
             FT._ALIASDELIFX a | FT._ALIASDELIFX a | FT._ALIASDELIFX i | FT.ALIASDEL a",
            "OK | OK | OK | Alias already exists | OK | Alias already exists | OK | OK | \
             Alias does not exist | Alias does not exist",
        );
    }
}
