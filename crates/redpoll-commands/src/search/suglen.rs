//! `FT.SUGLEN key`: how many suggestions there are.

use super::sugadd;
use crate::prelude::*;

pub const SUGLEN: Command = Command {
    spec: Spec {
        name: "ft.suglen",
        arity: 2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Suggestion,
        since: "1.0.0",
        summary: "Returns the number of suggestions.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    sugadd::refuse_other_types(ctx, args.at(1))?;
    let all = ctx.engine.search.suggestions.read();
    let suggestions = all.get(&(ctx.keys.db(), args.at(1).into()));
    ctx.reply.count(suggestions.map_or(0, |suggestions| suggestions.len()));
    Ok(())
}
