//! `FT.SYNDUMP index`: the words that have synonyms, and their groups.

use super::common;
use crate::prelude::*;

pub const SYNDUMP: Command = Command {
    spec: Spec {
        name: "ft.syndump",
        arity: 2,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.2.0",
        summary: "Returns the words that have synonyms, and their groups.",
        complexity: "O(N) where N is the number of words.",
        args: &[Arg::string("index")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let synonyms = common::index(ctx, args.at(1))?.synonyms();
    let words = synonyms.dump();
    ctx.reply.map(words.len());
    for (word, groups) in words {
        ctx.reply.bulk(word);
        ctx.reply.array(groups.len());
        groups.iter().for_each(|group| ctx.reply.bulk(group));
    }
    Ok(())
}
