//! `FT.DICTDEL dictionary word [word …]`: remove words from a dictionary.

use super::common;
use crate::prelude::*;

pub const DICTDEL: Command = Command {
    spec: Spec {
        name: "ft.dictdel",
        arity: -3,
        flags: Flags::WRITE,
        locks: Locks::All,
        group: Group::Search,
        since: "1.4.0",
        summary: "Removes words from a dictionary.",
        complexity: "O(N) where N is the number of words.",
        args: &[Arg::string("dict"), Arg::string("term").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let name = args.at(1);
    let removed = {
        let mut dictionaries = ctx.engine.search.dictionaries.write();
        let mut removed = 0;
        if let Some(dictionary) = dictionaries.get_mut(name) {
            removed = args.iter_from(2).filter(|word| dictionary.remove(word)).count();
            if dictionary.is_empty() {
                dictionaries.remove(name);
            }
        }
        removed
    };
    if removed > 0 {
        common::changed(ctx);
    }
    ctx.reply.count(removed);
    Ok(())
}
