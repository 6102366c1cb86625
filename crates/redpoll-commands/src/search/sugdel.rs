//! `FT.SUGDEL key string`: remove a suggestion.

use super::{common, sugadd};
use crate::prelude::*;
use std::sync::Arc;

pub const SUGDEL: Command = Command {
    spec: Spec {
        name: "ft.sugdel",
        arity: 3,
        flags: Flags::WRITE,
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Suggestion,
        since: "1.0.0",
        summary: "Removes a text from a list of suggestions.",
        complexity: "O(L) where L is the length of the text.",
        args: &[Arg::key("key", 0), Arg::string("string")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    sugadd::refuse_other_types(ctx, args.at(1))?;
    let key = (ctx.keys.db(), args.at(1).into());
    let removed = {
        let mut all = ctx.engine.search.suggestions.write();
        let removed = all
            .get_mut(&key)
            .is_some_and(|suggestions| Arc::make_mut(suggestions).remove(args.at(2)));
        if all.get(&key).is_some_and(|suggestions| suggestions.is_empty()) {
            all.remove(&key);
        }
        removed
    };
    if removed {
        common::changed(ctx);
    }
    ctx.reply.int_bool(removed);
    Ok(())
}
