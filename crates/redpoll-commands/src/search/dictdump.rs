//! `FT.DICTDUMP dictionary`: the words of a dictionary.

use crate::prelude::*;

pub const DICTDUMP: Command = Command {
    spec: Spec {
        name: "ft.dictdump",
        arity: 2,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.4.0",
        summary: "Returns the words of a dictionary.",
        complexity: "O(N) where N is the number of words.",
        args: &[Arg::string("dict")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let dictionaries = ctx.engine.search.dictionaries.read();
    let dictionary = dictionaries.get(args.at(1));
    ctx.reply.set(dictionary.map_or(0, |dictionary| dictionary.words().len()));
    for word in dictionary.into_iter().flat_map(|dictionary| dictionary.words()) {
        ctx.reply.bulk(word);
    }
    Ok(())
}
