//! `FT.SUGGET key prefix [FUZZY] [WITHSCORES] [WITHPAYLOADS] [MAX count]`: completions of a prefix.

use crate::prelude::*;
use redpoll_types::suggestions::{Completion, Suggestions};

pub const SUGGET: Command = Command {
    spec: Spec {
        name: "ft.sugget",
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Suggestion,
        since: "1.0.0",
        summary: "Returns the suggestions that begin with a prefix, the best first.",
        complexity: "O(L + N log N) where L is the length of the prefix and N the number of places \
                     looked at.",
        args: &[
            Arg::key("key", 0),
            Arg::string("prefix"),
            Arg::flag("fuzzy", "FUZZY").optional(),
            Arg::flag("withscores", "WITHSCORES").optional(),
            Arg::flag("withpayloads", "WITHPAYLOADS").optional(),
            Arg::integer("max").token("MAX").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

#[derive(Default)]
struct Options {
    fuzzy: bool,
    trim: bool,
    scores: bool,
    payloads: bool,
    max: Option<usize>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 10 {
        return Err(Error::arity("ft.sugget"));
    }
    if args.at(2).len() > 2 * Suggestions::MAX_CHARACTERS {
        return Err(Error::text("Invalid query length"));
    }
    let options = parse_options(args)?;
    let suggestions = ctx.keys.read::<Suggestions>(args.at(1))?;
    let max = options.max.unwrap_or(5);
    let completion = Completion { fuzzy: options.fuzzy, max, trim: options.trim };
    let found = suggestions.map(|all| all.complete(args.at(2), completion)).unwrap_or_default();
    let each = 1 + usize::from(options.scores) + usize::from(options.payloads);
    ctx.reply.array(found.len() * each);
    for suggestion in found {
        ctx.reply.bulk(&suggestion.text);
        if options.scores {
            // Existing programs know scores of single precision.
            ctx.reply.double(f64::from(suggestion.score as f32));
        }
        if options.payloads {
            ctx.reply.bulk_or_null(suggestion.payload.as_deref());
        }
    }
    Ok(())
}

fn parse_options(args: Args<'_>) -> Result<Options> {
    let mut options = Options::default();
    let mut words = args.iter_from(3);
    while let Some(word) = words.next() {
        match word.to_ascii_uppercase().as_slice() {
            b"FUZZY" => options.fuzzy = true,
            b"TRIM" => options.trim = true,
            // The search is as quick without being asked to.
            b"OPTIMIZE" => {}
            b"WITHSCORES" => options.scores = true,
            b"WITHPAYLOADS" => options.payloads = true,
            b"MAX" => {
                let bad = |what: &str| Error::text(format!("MAX: {what}"));
                let word = words.next();
                let word = word.ok_or_else(|| bad("Expected an argument, but none provided"))?;
                let text = std::str::from_utf8(word).unwrap_or_default();
                let max: usize =
                    text.parse().map_err(|_| bad("Could not convert argument to expected type"))?;
                if max == 0 {
                    return Err(bad("Value is outside acceptable bounds"));
                }
                options.max = Some(max);
            }
            _ => {
                let word = String::from_utf8_lossy(word);
                return Err(Error::text(format!("Unrecognized argument: {word}")));
            }
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn completes() {
        check(
            "FT.SUGADD s hello 1 | FT.SUGADD s help 5 PAYLOAD p | FT.SUGGET s hel | \
             FT.SUGGET s hel MAX 1 WITHPAYLOADS | FT.SUGGET s hxl | FT.SUGGET s hxl FUZZY MAX 1 | \
             FT.SUGGET s hel WITHSCORES WITHPAYLOADS MAX 1 | FT.SUGGET none x",
            "1 | 2 | [help hello] | [help p] | [] | [help] | [help 3.535533905029297 p] | []",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET k v | FT.SUGGET k a | FT.SUGGET s a MAX 0 | FT.SUGGET s a MAX x | \
             FT.SUGGET s a MAX | FT.SUGGET s a FUZZ",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             MAX: Value is outside acceptable bounds | \
             MAX: Could not convert argument to expected type | \
             MAX: Expected an argument, but none provided | Unrecognized argument: FUZZ",
        );
    }
}
