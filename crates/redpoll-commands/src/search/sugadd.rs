//! `FT.SUGADD key string score [INCR] [PAYLOAD payload]`: add a suggestion.

use super::common;
use crate::prelude::*;
use redpoll_search::suggest::Suggestions;
use std::sync::Arc;

pub const SUGADD: Command = Command {
    spec: Spec {
        name: "ft.sugadd",
        arity: -4,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Suggestion,
        since: "1.0.0",
        summary: "Adds a text to a list of suggestions.",
        complexity: "O(L) where L is the length of the text.",
        args: &[
            Arg::key("key", 0),
            Arg::string("string"),
            Arg::double("score"),
            Arg::flag("incr", "INCR").optional(),
            Arg::string("payload").token("PAYLOAD").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 7 {
        return Err(Error::arity("ft.sugadd"));
    }
    let (mut increment, mut payload) = (false, None);
    let mut options = args.iter_from(4);
    while let Some(option) = options.next() {
        if parse::is(option, "incr") {
            increment = true;
        } else if parse::is(option, "payload") {
            let missing = "Invalid payload: Expected an argument, but none provided";
            payload = Some(options.next().ok_or(Error::text(missing))?);
        } else {
            let option = String::from_utf8_lossy(option);
            return Err(Error::text(format!("Unknown argument `{option}`")));
        }
    }
    refuse_other_types(ctx, args.at(1))?;
    let score = std::str::from_utf8(args.at(3)).ok().and_then(|text| text.parse::<f64>().ok());
    let score = score.filter(|score| !score.is_nan()).ok_or(Error::text("ERR invalid score"))?;
    let count = {
        let mut all = ctx.engine.search.suggestions.write();
        let suggestions: &mut Arc<Suggestions> =
            all.entry((ctx.keys.db(), args.at(1).into())).or_default();
        let suggestions = Arc::make_mut(suggestions);
        suggestions.add(args.at(2), score, increment, payload);
        suggestions.len()
    };
    common::changed(ctx);
    ctx.reply.count(count);
    Ok(())
}

/// A key of another type holds no suggestions.
pub(super) fn refuse_other_types(ctx: &mut Ctx<'_>, key: &[u8]) -> Result {
    match ctx.keys.contains(key) {
        true => Err(redpoll_keyspace::WrongType.into()),
        false => Ok(()),
    }
}
