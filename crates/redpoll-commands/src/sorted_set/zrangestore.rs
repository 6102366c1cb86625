//! `ZRANGESTORE dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]`: store a range of
//! members.

use super::query::{self, Form, Query};
use super::store::store;
use super::zrange::{LIMIT, SORT_BY};
use crate::prelude::*;
use redpoll_types::zset::ZSet;

pub const ZRANGESTORE: Command = Command {
    spec: Spec {
        name: "zrangestore",
        cost: Some(|keys, args| query::cost(keys, args, 2, FORM)),
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).ow().update(), KeySpec::at(2).ro().access()],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Stores the members of a sorted set within a range in another key.",
        complexity: "O(log N + M) where N is the number of members and M of those stored.",
        args: &[
            Arg::key("dst", 0),
            Arg::key("src", 1),
            Arg::string("min"),
            Arg::string("max"),
            SORT_BY,
            Arg::flag("rev", "REV").optional(),
            LIMIT,
        ],
        ..Spec::EMPTY
    },
    run,
};

const FORM: Form = Form { kind: None, reversed: None, scores: false };

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let query = Query::parse(args, 3, FORM)?;
    let set = match ctx.keys.read::<ZSet>(args.at(2))? {
        Some(set) => set.slice(query.ranks(set), ctx.limits),
        None => ZSet::new(),
    };
    store(ctx, args.at(1), set, "zrangestore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn stores() {
        let z = "ZADD z 1 a 2 b 3 c";
        check(
            &format!("{z} | ZRANGESTORE d z 0 1 | ZRANGE d 0 -1 WITHSCORES"),
            "3 | 2 | [a 1 b 2]",
        );
        check(
            &format!("{z} | ZRANGESTORE d z 3 (1 BYSCORE REV LIMIT 0 1 | ZRANGE d 0 -1"),
            "3 | 1 | [c]",
        );
        check(&format!("{z} | ZRANGESTORE z z 1 -1 | ZRANGE z 0 -1"), "3 | 2 | [b c]");
    }

    #[test]
    fn replaces_or_removes_what_was_there() {
        check("ZADD z 1 a | SET d v | ZRANGESTORE d z 0 0 | ZCARD d", "1 | OK | 1 | 1");
        check("SET d v | ZRANGESTORE d none 0 -1 | GET d", "OK | 0 | nil");
        check_events(
            "ZADD z 1 a | ZRANGESTORE d z 0 0 | ZRANGESTORE d z 5 9 | ZRANGESTORE d z 5 9",
            "new z, zadd z, new d, zrangestore d, del d",
            3,
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | ZRANGESTORE d t 0 1 | ZRANGESTORE d z 0 1 WITHSCORES | \
             ZRANGESTORE d z a 1 | ZRANGESTORE d z 0 1 LIMIT 0 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR syntax error | ERR value is not an integer or out of range | \
             ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        );
    }
}
