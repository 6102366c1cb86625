//! `LTRIM key start stop`: keep what is between two indices and drop the rest.

use crate::prelude::*;
use redpoll_types::list::List;

pub const LTRIM: Command = Command {
    spec: Spec {
        name: "ltrim",
        arity: 4,
        flags: Flags::WRITE,
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::List,
        since: "1.0.0",
        summary: "Removes the elements of a list that are not between two indices.",
        complexity: "O(log N) where N is the length of the list; what is removed is freed in the \
                     background.",
        args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (start, stop) = (parse::int(args.at(2))?, parse::int(args.at(3))?);
    let key = args.at(1);
    ctx.reply.ok();
    let Some(list) = ctx.keys.write::<List>(key)? else { return Ok(()) };
    let before = list.len();
    if list.range(start, stop).len() == 0 {
        ctx.wrote(key, Class::List, "ltrim", before as u64);
        ctx.keys.delete(key);
        ctx.wrote(key, Class::Generic, "del", 0);
        return Ok(());
    }
    let (front, back) = list.trim(start, stop, ctx.limits);
    let removed = before - list.len();
    ctx.keys.discard_part(front);
    ctx.keys.discard_part(back);
    ctx.wrote(key, Class::List, "ltrim", removed as u64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events};

    #[test]
    fn keeps_what_is_between() {
        check("RPUSH l a b c d e | LTRIM l 1 -2 | LRANGE l 0 -1", "5 | OK | [b c d]");
        check("RPUSH l a b | LTRIM l -100 100 | LRANGE l 0 -1", "2 | OK | [a b]");
        check("RPUSH l a b | LTRIM l 5 9 | LTRIM l 0 1 | SADD l free", "2 | OK | OK | 1");
    }

    #[test]
    fn long_lists() {
        let mut server = TestServer::new();
        let mut client = server.client();
        for element in 0..5000 {
            server.run(&mut client, &format!("RPUSH l long-element-{element}"));
        }
        server.run(&mut client, "LTRIM l 2000 2001");
        let reply = server.run(&mut client, "LRANGE l 0 -1");
        assert_eq!(reply, "[long-element-2000 long-element-2001]");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | LTRIM t 0 x | LTRIM t x 0 | LTRIM t 0 1",
            "OK | ERR value is not an integer or out of range | \
             ERR value is not an integer or out of range | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "RPUSH l a b c | LTRIM l 0 -1 | LTRIM l 1 -1 | LTRIM l 1 0 | LTRIM l 0 0",
            "new l, rpush l, ltrim l, ltrim l, ltrim l, del l",
            6,
        );
    }
}
