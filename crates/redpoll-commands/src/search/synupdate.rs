//! `FT.SYNUPDATE index group [SKIPINITIALSCAN] word [word …]`: add words to a group of synonyms.

use super::common;
use crate::prelude::*;

pub const SYNUPDATE: Command = Command {
    spec: Spec {
        name: "ft.synupdate",
        arity: -4,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        locks: Locks::All,
        group: Group::Search,
        since: "1.2.0",
        summary: "Adds words to a group of synonyms.",
        complexity: "O(N) where N is the number of words; documents are indexed again in the \
                     background.",
        args: &[
            Arg::string("index"),
            Arg::string("synonym_group_id"),
            Arg::flag("skipinitialscan", "SKIPINITIALSCAN").optional(),
            Arg::string("term").multiple(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let index = common::index(ctx, args.at(1))?;
    let skips = args.is(3, "skipinitialscan");
    let words: Vec<&[u8]> = args.iter_from(3 + usize::from(skips)).collect();
    if words.is_empty() {
        return Err(Error::arity("ft.synupdate"));
    }
    index.add_synonyms(args.at(2), &words, skips).map_err(common::error)?;
    ctx.engine.search.wake_workers();
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}
