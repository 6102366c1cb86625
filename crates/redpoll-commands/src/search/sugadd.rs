//! `FT.SUGADD key string score [INCR] [PAYLOAD payload]`: add a suggestion.

use crate::prelude::*;
use redpoll_types::suggestions::Suggestions;
use redpoll_types::value::Type;

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
    let key = args.at(1);
    if ctx.keys.type_of(key).is_some_and(|found| found != Type::Suggestions) {
        return Err(redpoll_keyspace::WrongType.into());
    }
    let score = std::str::from_utf8(args.at(3)).ok().and_then(|text| text.parse::<f64>().ok());
    let score = score.filter(|score| !score.is_nan()).ok_or(Error::text("ERR invalid score"))?;
    let suggestions = ctx.keys.write_or_new::<Suggestions>(key)?;
    suggestions.add(args.at(2), score, increment, payload);
    let count = suggestions.len();
    changed(ctx, key);
    ctx.reply.count(count);
    Ok(())
}

/// Says that suggestions have changed. There is no event of it, as modules have none of their own.
pub(super) fn changed(ctx: &mut Ctx<'_>, key: &[u8]) {
    ctx.keys.effects.dirty += 1;
    ctx.keys.modified(key);
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn adds_and_counts() {
        check(
            "FT.SUGADD s hello 1 | FT.SUGADD s help 5 PAYLOAD p | FT.SUGLEN s | \
             FT.SUGADD s hello 10 INCR | FT.SUGGET s hel MAX 1 | FT.SUGADD s help 5 PAYLOAD '' | \
             FT.SUGGET s help WITHPAYLOADS",
            "1 | 2 | 2 | 2 | [hello] | 2 | [help p]",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET k v | FT.SUGADD k a 1 | FT.SUGADD k a x | FT.SUGADD s a x | EXISTS s | \
             FT.SUGADD s a 1 NOPE | FT.SUGADD s a 1 PAYLOAD | FT.SUGADD s a",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR invalid score | 0 | Unknown argument `NOPE` | \
             Invalid payload: Expected an argument, but none provided | \
             ERR wrong number of arguments for 'ft.sugadd' command",
        );
    }

    #[test]
    fn suggestions_are_a_value_as_others() {
        check(
            "FT.SUGADD s a 1 | TYPE s | EXISTS s | OBJECT ENCODING s | SCAN 0 TYPE trietype0 | \
             GET s | EXPIRE s 100 | TTL s | RENAME s t | FT.SUGLEN s | FT.SUGLEN t | COPY t u | \
             FT.SUGADD u b 1 | FT.SUGLEN t | SELECT 1 | FT.SUGLEN t | SELECT 0 | DEL t | EXISTS t",
            "1 | trietype0 | 1 | raw | [0 [s]] | \
             WRONGTYPE Operation against a key holding the wrong kind of value | 1 | 100 | OK | \
             0 | 1 | 1 | 2 | 1 | OK | 0 | OK | 1 | 0",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("FT.SUGADD s a 1 | FT.SUGADD s b 1", "new s", 2);
    }
}
