//! `LRANGE key start stop`: the elements between two indices.

use crate::answer;
use crate::cost;
use crate::prelude::*;
use redpoll_types::list::List;

pub const LRANGE: Command = Command {
    spec: Spec {
        name: "lrange",
        cost: cost::BETWEEN,
        arity: 4,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the elements of a list from one index to another, both included.",
        complexity: "O(log N + M) where N is the length of the list and M that of the reply.",
        args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (start, stop) = (parse::int(args.at(2))?, parse::int(args.at(3))?);
    let Some(list) = ctx.keys.read::<List>(args.at(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let elements = list.range(start, stop);
    ctx.reply.array(elements.len());
    answer::elements(&mut ctx.reply, elements);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn both_ends_are_included() {
        check(
            "RPUSH l a b c d | LRANGE l 0 -1 | LRANGE l 1 2 | LRANGE l -2 -1 | LRANGE l -100 100",
            "4 | [a b c d] | [b c] | [c d] | [a b c d]",
        );
        check(
            "RPUSH l a b | LRANGE l 2 5 | LRANGE l 1 0 | LRANGE l -9 -5 | LRANGE none 0 -1",
            "2 | [] | [] | [] | []",
        );
    }

    #[test]
    fn long_lists() {
        let mut server = TestServer::new();
        let mut client = server.client();
        for element in 0..3000 {
            server.run(&mut client, &format!("RPUSH l {element} long-element-{element}"));
        }
        let reply = server.run(&mut client, "LRANGE l 2999 3002");
        assert_eq!(reply, "[long-element-1499 1500 long-element-1500 1501]");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | LRANGE t 0 x | LRANGE t x 0 | LRANGE t 0 1",
            "OK | ERR value is not an integer or out of range | \
             ERR value is not an integer or out of range | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
