//! `LSET key index element`: replace one element of a list.

use crate::prelude::*;
use redpoll_types::list::List;

pub const LSET: Command = Command {
    spec: Spec {
        name: "lset",
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::List,
        since: "1.0.0",
        summary: "Replaces the element of a list at an index.",
        complexity: "O(log N) where N is the length of the list.",
        args: &[Arg::key("key", 0), Arg::integer("index"), Arg::string("element")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let list = ctx.keys.write::<List>(key)?.ok_or(Error::NoSuchKey)?;
    let index = parse::int(args.at(2))?;
    if !list.set(index, args.at(3), ctx.limits) {
        return Err(Error::IndexOutOfRange);
    }
    ctx.wrote(key, Class::List, "lset", 1);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn replaces() {
        check("RPUSH l a b c | LSET l 1 x | LSET l -1 9 | LRANGE l 0 -1", "3 | OK | OK | [a x 9]");
        check_events("RPUSH l a | LSET l 0 a", "new l, rpush l, lset l", 2);
    }

    #[test]
    fn refuses() {
        check("LSET l x a", "ERR no such key");
        check(
            "RPUSH l a | LSET l x a | LSET l 1 a | LSET l -2 a",
            "1 | ERR value is not an integer or out of range | ERR index out of range | \
             ERR index out of range",
        );
        check(
            "SET t v | LSET t x a",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
