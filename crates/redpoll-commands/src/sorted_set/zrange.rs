//! `ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`,
//! `ZREVRANGE key start stop [WITHSCORES]`: a range of members.

use super::members::Writer;
use super::query::{Act, Form, Kind, Query};
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_types::listpack::Element;
use redpoll_types::zset::ZSet;

pub const ZRANGE: Command = Command {
    spec: Spec {
        name: "zrange",
        cost: Some(|keys, args| cost(keys, args, FREE)),
        history: &[("6.2.0", "The options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.")],
        since: "1.2.0",
        summary: "Returns the members of a sorted set within a range of ranks, scores or bytes.",
        args: &[
            Arg::key("key", 0),
            Arg::string("start"),
            Arg::string("stop"),
            SORT_BY.since("6.2.0"),
            Arg::flag("rev", "REV").since("6.2.0").optional(),
            LIMIT.since("6.2.0"),
            WITH_SCORES,
        ],
        ..SHARED
    },
    run: |ctx, args| range(ctx, args, FREE),
};

pub const ZREVRANGE: Command = Command {
    spec: Spec {
        name: "zrevrange",
        cost: Some(|keys, args| cost(keys, args, DOWNWARDS)),
        since: "1.2.0",
        summary: "Returns the members of a sorted set within a range of ranks, the highest first.",
        args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("stop"), WITH_SCORES],
        deprecated: Some(("6.2.0", "`ZRANGE` with the `REV` argument")),
        ..SHARED
    },
    run: |ctx, args| range(ctx, args, DOWNWARDS),
};

const FREE: Form = Form { kind: None, reversed: None, scores: true };
const DOWNWARDS: Form = Form { kind: Some(Kind::Rank), reversed: Some(true), scores: true };

/// What the commands that return a range have in common.
pub(super) const SHARED: Spec = Spec {
    arity: -4,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::SortedSet,
    complexity: "O(log N + M) where N is the number of members in the set and M of those returned.",
    ..Spec::EMPTY
};

pub(super) const SORT_BY: Arg =
    Arg::one_of("sortby", &[Arg::flag("byscore", "BYSCORE"), Arg::flag("bylex", "BYLEX")])
        .optional();
pub(super) const LIMIT: Arg =
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional();
pub(super) const WITH_SCORES: Arg = Arg::flag("withscores", "WITHSCORES").optional();

/// How many members the range holds that the words behind the key ask for.
pub(super) fn cost(keys: &Keys<'_>, args: Args<'_>, form: Form) -> usize {
    super::query::cost(keys, args, 1, form)
}

/// Answers the range that the words behind the key ask for.
pub(super) fn range(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Result {
    let query = Query::parse(args, 2, form)?;
    let Some(set) = ctx.keys.read::<ZSet>(args.at(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    query.select(set, Writer::new(&mut ctx.reply, query.with_scores));
    Ok(())
}

impl Act<()> for Writer<'_, '_> {
    fn on<'a>(mut self, members: impl ExactSizeIterator<Item = (Element<'a>, f64)>) {
        self.all(members);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_after, configure, raw3};

    #[test]
    fn by_rank() {
        let z = "ZADD z 1 a 2 b 3 c 4 d";
        check(
            &format!("{z} | ZRANGE z 0 -1 | ZRANGE z 1 2 | ZRANGE z -2 9 | ZRANGE z 3 1"),
            "4 | [a b c d] | [b c] | [c d] | []",
        );
        check(
            &format!("{z} | ZRANGE z 0 1 REV | ZREVRANGE z 0 1 | ZREVRANGE z -1 -1 WITHSCORES"),
            "4 | [d c] | [d c] | [a 1]",
        );
        check(&format!("{z} | ZRANGE z 0 0 LIMIT 3 -1 | ZRANGE none 0 -1"), "4 | [a] | []");
    }

    #[test]
    fn by_score() {
        let z = "ZADD z 1 a 2 b 3 c 4 d";
        check(
            &format!(
                "{z} | ZRANGE z (1 3 BYSCORE | ZRANGE z 3 (1 BYSCORE REV WITHSCORES | \
                 ZRANGE z -inf inf BYSCORE LIMIT 1 2 | ZRANGE z +inf -inf REV BYSCORE LIMIT 1 2"
            ),
            "4 | [b c] | [c 3 b 2] | [b c] | [c b]",
        );
        check(
            &format!(
                "{z} | ZRANGE z 0 9 BYSCORE LIMIT 0 0 | ZRANGE z 0 9 BYSCORE LIMIT 3 -1 | \
                 ZRANGE z 0 9 BYSCORE LIMIT -1 2 | ZRANGE z 0 9 BYSCORE LIMIT 9 2"
            ),
            "4 | [] | [d] | [] | []",
        );
    }

    #[test]
    fn by_bytes() {
        let z = "ZADD z 0 a 0 b 0 c 0 d";
        check(
            &format!(
                "{z} | ZRANGE z [b (d BYLEX | ZRANGE z + - BYLEX REV LIMIT 0 3 | ZRANGE z - + BYLEX"
            ),
            "4 | [b c] | [d c b] | [a b c d]",
        );
    }

    #[test]
    fn both_forms_agree() {
        let small = |entries: &'static str| {
            move |server: &mut crate::testing::TestServer| {
                configure(server, "zset-max-listpack-entries", entries);
            }
        };
        for entries in ["0", "128"] {
            check_after(
                small(entries),
                "ZADD z 3 c 1 a 2 b 2 bb 10 10 | ZRANGE z 1 -2 WITHSCORES | \
                 ZRANGE z 3 2 BYSCORE REV | ZRANGE z 0 0 REV | ZRANGE z 4 inf BYSCORE",
                "5 | [b 2 bb 2 c 3] | [c bb b] | [10] | [10]",
            );
        }
    }

    #[test]
    fn scores_are_doubles_in_pairs() {
        assert_eq!(
            raw3("ZADD z 1.5 a | ZRANGE z 0 -1 WITHSCORES | ZRANGE z 0 -1 | ZREVRANGE none 0 1"),
            ":1\r\n*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n*1\r\n$1\r\na\r\n*0\r\n",
        );
    }

    #[test]
    fn refuses() {
        check(
            "ZRANGE z a b | ZRANGE z 0 1 BYSCORE BYLEX | ZRANGE z 0 1 LIMIT 0 | ZRANGE z 0 1 X | \
             ZRANGE z 0 1 REV REV | ZREVRANGE z 0 1 REV | ZREVRANGE z 0 1 BYSCORE",
            "ERR value is not an integer or out of range | ERR syntax error | ERR syntax error | \
             ERR syntax error | ERR syntax error | ERR syntax error | ERR syntax error",
        );
        check(
            "ZRANGE z 0 1 LIMIT 0 1 | ZRANGE z - + BYLEX WITHSCORES | ZRANGE z 0 x BYSCORE | \
             ZRANGE z a + BYLEX | ZRANGE z 0 1 BYSCORE LIMIT x 1",
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX \
             | ERR syntax error, WITHSCORES not supported in combination with BYLEX | \
             ERR min or max is not a float | ERR min or max not valid string range item | \
             ERR value is not an integer or out of range",
        );
        check(
            "SET t v | ZRANGE t 0 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
