//! `FT.SUGDEL key string`: remove a suggestion.

use super::sugadd;
use crate::prelude::*;
use redpoll_types::suggestions::Suggestions;

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
    let key = args.at(1);
    let suggestions = ctx.keys.write::<Suggestions>(key)?;
    let removed = suggestions.is_some_and(|suggestions| suggestions.remove(args.at(2)));
    if removed {
        sugadd::changed(ctx, key);
        ctx.keys.drop_if_empty(key);
    }
    ctx.reply.int_bool(removed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn removes_a_text_and_the_key_with_the_last_one() {
        check(
            "FT.SUGADD s a 1 | FT.SUGADD s b 1 | FT.SUGDEL s a | FT.SUGDEL s a | FT.SUGLEN s | \
             FT.SUGDEL s b | EXISTS s | FT.SUGDEL s b",
            "1 | 2 | 1 | 0 | 1 | 1 | 0 | 0",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET k v | FT.SUGDEL k a | FT.SUGDEL k",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR wrong number of arguments for 'ft.sugdel' command",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("FT.SUGADD s a 1 | FT.SUGDEL s b | FT.SUGDEL s a", "new s, del s", 2);
    }
}
