//! `ZRANDMEMBER key [count [WITHSCORES]]`: members chosen at random.

use super::members::Writer;
use crate::answer::{self, Bound};
use crate::cost;
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_types::rng::{Rng, SmallRng};
use redpoll_types::zset::ZSet;

pub const ZRANDMEMBER: Command = Command {
    spec: Spec {
        name: "zrandmember",
        cost: cost::DRAWN,
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::SortedSet,
        since: "6.2.0",
        summary: "Returns members of a sorted set that are chosen at random.",
        complexity: "O(N) where N is the number of members returned.",
        args: &[Arg::key("key", 0), OPTIONS],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

const OPTIONS: Arg = Arg::block(
    "options",
    &[Arg::integer("count"), Arg::flag("withscores", "WITHSCORES").optional()],
)
.optional();

/// Sets up to this size are laid out before many draws: a member of a listpack costs a walk.
const LAID_OUT_MAX: usize = 1024;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let Some(count) = args.get(2) else {
        let set = ctx.keys.read::<ZSet>(args.at(1))?;
        let member = set.and_then(|set| set.random(ctx.rng));
        answer::element_or_null(&mut ctx.reply, member.map(|(member, _)| member));
        return Ok(());
    };
    let (count, repeating) = parse::random_count(count)?;
    let with_scores = args.len() > 3;
    if args.len() > 4 || (with_scores && !args.is(3, "withscores")) {
        return Err(Error::Syntax);
    }
    if with_scores && count > i64::MAX as usize / 2 {
        return Err(Error::text("ERR value is out of range"));
    }
    let bound = Bound::of(ctx);
    let set = ctx.keys.read::<ZSet>(args.at(1))?;
    let mut writer = Writer::new(&mut ctx.reply, with_scores);
    match set {
        None => writer.head(0),
        Some(set) if repeating => draw(set, (count, bound), ctx.rng, &mut writer)?,
        Some(set) => writer.all(set.sample(count, ctx.rng).into_iter()),
    }
    Ok(())
}

/// Answers `count` members, each drawn from the whole set, which is not empty.
fn draw(
    set: &ZSet,
    (count, bound): (usize, Bound),
    rng: &mut SmallRng,
    writer: &mut Writer<'_, '_>,
) -> Result {
    let start = writer.mark();
    writer.head(count);
    let mut laid_out = Vec::new();
    if count > 1 && set.len() <= LAID_OUT_MAX {
        laid_out.extend(set.iter());
    }
    for _ in 0..count {
        step(1);
        let drawn = match laid_out.len() {
            0 => set.random(rng),
            len => laid_out.get(rng.below(len as u64) as usize).copied(),
        };
        drawn.into_iter().for_each(|(member, score)| writer.member(member, score));
        if !writer.may_go_on(bound, start)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, raw3};

    #[test]
    fn one() {
        check("ZADD z 1 a | ZRANDMEMBER z | ZRANDMEMBER none", "1 | a | nil");
    }

    #[test]
    fn several() {
        check(
            "ZADD z 1 a 2 b | ZRANDMEMBER z 0 | ZRANDMEMBER z 2 | ZRANDMEMBER z 5 withscores | \
             ZRANDMEMBER none 2 | ZRANDMEMBER none -2 WITHSCORES",
            "2 | [] | [a b] | [a 1 b 2] | [] | []",
        );
        check(
            "ZADD z 1 a | ZRANDMEMBER z -3 | ZRANDMEMBER z -2 WITHSCORES",
            "1 | [a a a] | [a 1 a 1]",
        );
        assert_eq!(
            raw3("ZADD z 1 a | ZRANDMEMBER z 1 WITHSCORES | ZRANDMEMBER z -1 WITHSCORES"),
            ":1\r\n*1\r\n*2\r\n$1\r\na\r\n,1\r\n*1\r\n*2\r\n$1\r\na\r\n,1\r\n",
        );
    }

    #[test]
    fn large_sets() {
        let mut server = TestServer::new();
        let mut client = server.client();
        for number in 0..2000 {
            server.run(&mut client, &format!("ZADD z {number} {number}"));
        }
        for count in [1, 50, 1999] {
            let reply = server.run(&mut client, &format!("ZRANDMEMBER z {count}"));
            let members: Vec<&str> = reply.trim_matches(['[', ']']).split(' ').collect();
            let mut distinct = members.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!((members.len(), distinct.len()), (count, count));
        }
        let reply = server.run(&mut client, "ZRANDMEMBER z -3000");
        assert_eq!(reply.split(' ').count(), 3000);
    }

    #[test]
    fn refuses() {
        check(
            "ZRANDMEMBER z x | ZRANDMEMBER z 1 x | ZRANDMEMBER z 1 withscores x | \
             ZRANDMEMBER z -9223372036854775807 withscores | ZRANDMEMBER z -9223372036854775808",
            "ERR value is not an integer or out of range | ERR syntax error | ERR syntax error | \
             ERR value is out of range | ERR value is out of range, value must between \
             -9223372036854775807 and 9223372036854775807",
        );
        check(
            "SET t v | ZRANDMEMBER t | ZRANDMEMBER t 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
