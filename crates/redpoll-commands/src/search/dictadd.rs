//! `FT.DICTADD dictionary word [word …]`: add words to a dictionary.

use super::common;
use crate::prelude::*;

pub const DICTADD: Command = Command {
    spec: Spec {
        name: "ft.dictadd",
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        locks: Locks::All,
        group: Group::Search,
        since: "1.4.0",
        summary: "Adds words to a dictionary.",
        complexity: "O(N) where N is the number of words.",
        args: &[Arg::string("dict"), Arg::string("term").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let added = {
        let mut dictionaries = ctx.engine.search.dictionaries.write();
        let dictionary = dictionaries.entry(args.at(1).into()).or_default();
        args.iter_from(2).filter(|word| dictionary.add(word)).count()
    };
    common::changed(ctx);
    ctx.reply.count(added);
    Ok(())
}
