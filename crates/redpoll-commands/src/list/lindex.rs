//! `LINDEX key index`: one element of a list.

use crate::answer;
use crate::prelude::*;
use redpoll_types::list::List;

pub const LINDEX: Command = Command {
    spec: Spec {
        name: "lindex",
        arity: 3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the element of a list at an index, from the end if that is negative.",
        complexity: "O(log N) where N is the length of the list.",
        args: &[Arg::key("key", 0), Arg::integer("index")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let Some(list) = ctx.keys.read::<List>(args.at(1))? else {
        // Without a list, the index is not even looked at.
        ctx.reply.null();
        return Ok(());
    };
    match list.get(parse::int(args.at(2))?) {
        Some(element) => answer::element(&mut ctx.reply, element),
        None => ctx.reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts_from_both_ends() {
        check(
            "RPUSH l a 2 c | LINDEX l 0 | LINDEX l 1 | LINDEX l -1 | LINDEX l 3 | LINDEX l -4",
            "3 | a | 2 | c | nil | nil",
        );
        check("RPUSH l a | LINDEX l -9223372036854775808", "1 | nil");
    }

    #[test]
    fn refuses() {
        check("LINDEX l x", "nil");
        check("RPUSH l a | LINDEX l x", "1 | ERR value is not an integer or out of range");
        check(
            "SET t v | LINDEX t x",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
