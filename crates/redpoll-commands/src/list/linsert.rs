//! `LINSERT key BEFORE|AFTER pivot element`: put an element beside another.

use crate::cost;
use crate::prelude::*;
use redpoll_types::list::{End, List};

pub const LINSERT: Command = Command {
    spec: Spec {
        name: "linsert",
        cost: cost::FIRST,
        arity: 5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().insert()],
        group: Group::List,
        since: "2.2.0",
        summary: "Inserts an element before or after the first one that equals another.",
        complexity: "O(N) where N is the number of elements up to the pivot.",
        args: &[
            Arg::key("key", 0),
            Arg::one_of("where", &[Arg::flag("before", "BEFORE"), Arg::flag("after", "AFTER")]),
            Arg::string("pivot"),
            Arg::string("element"),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let side = match args.at(2) {
        word if parse::is(word, "before") => End::Front,
        word if parse::is(word, "after") => End::Back,
        _ => return Err(Error::Syntax),
    };
    let key = args.at(1);
    let Some(list) = ctx.keys.write::<List>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    match list.insert(side, args.at(3), args.at(4), ctx.limits) {
        Some(len) => {
            ctx.reply.count(len);
            ctx.wrote(key, Class::List, "linsert", 1);
        }
        None => ctx.reply.int(-1),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn beside_the_first_match() {
        check(
            "RPUSH l a b b | LINSERT l before b x | LINSERT l AFTER b y | LRANGE l 0 -1",
            "3 | 4 | 5 | [a x b y b]",
        );
        check("RPUSH l 1 | LINSERT l AFTER 1 2 | LRANGE l 0 -1", "1 | 2 | [1 2]");
        check("LINSERT l BEFORE a x | RPUSH l a | LINSERT l BEFORE b x", "0 | 1 | -1");
        check_events(
            "RPUSH l a | LINSERT l BEFORE a x | LINSERT l BEFORE none x",
            "new l, rpush l, linsert l",
            2,
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | LINSERT t x a b | LINSERT t BEFORE a b",
            "OK | ERR syntax error | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
