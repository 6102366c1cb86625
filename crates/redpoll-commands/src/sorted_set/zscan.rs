//! `ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES]`.

use crate::cost;
use crate::prelude::*;
use crate::{answer, scan};
use redpoll_types::number::format_f64;
use redpoll_types::zset::ZSet;

pub const ZSCAN: Command = Command {
    spec: Spec {
        name: "zscan",
        cost: cost::SCANNED,
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::SortedSet,
        since: "2.8.0",
        summary: "Goes through the members of a sorted set and their scores, some at each call.",
        complexity: "O(1) for every call, O(N) for a whole scan of N members.",
        args: &[
            Arg::key("key", 0),
            Arg::integer("cursor"),
            Arg::pattern("pattern").token("MATCH").optional(),
            Arg::integer("count").token("COUNT").optional(),
            Arg::flag("noscores", "NOSCORES").optional(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let cursor = scan::cursor(args.at(2))?;
    let Some(set) = ctx.keys.read::<ZSet>(args.at(1))? else {
        scan::reply_nothing(&mut ctx.reply);
        return Ok(());
    };
    let options = scan::Options::parse(args, 3, scan::Kind::ZSet)?;
    scan::reply(&mut ctx.reply, |reply| {
        let mut len = 0;
        let next = set.scan(cursor, options.count, |member, score| {
            if options.wants(member) {
                answer::element(reply, member);
                len += 1;
                if !options.names_only {
                    // A text in RESP3, too.
                    reply.bulk(format_f64(score).as_bytes());
                    len += 1;
                }
            }
        });
        (next, len)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, raw3};

    #[test]
    fn small_sets_at_once() {
        check("ZSCAN z 0 | ZADD z 1.5 a 2 b | ZSCAN z 0", "[0 []] | 2 | [0 [a 1.5 b 2]]");
        check("ZADD z 1 aa 2 b | ZSCAN z 0 MATCH a* COUNT 1", "2 | [0 [aa 1]]");
        check("ZADD z 1 a 2 b | ZSCAN z 0 NOSCORES", "2 | [0 [a b]]");
        assert_eq!(
            raw3("ZADD z 1.5 a | ZSCAN z 0"),
            ":1\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$3\r\n1.5\r\n"
        );
    }

    #[test]
    fn big_sets_in_steps() {
        let mut server = TestServer::new();
        let mut client = server.client();
        for number in 0..1000 {
            server.run(&mut client, &format!("ZADD z {number} m{number}"));
        }
        let (mut cursor, mut seen, mut calls) = ("0".to_owned(), Vec::new(), 0);
        while calls == 0 || cursor != "0" {
            let reply = server.run(&mut client, &format!("ZSCAN z {cursor} COUNT 50"));
            let (next, members) = reply.trim_matches(['[', ']']).split_once(" [").unwrap();
            seen.extend(members.split(' ').step_by(2).map(str::to_owned));
            cursor = next.to_owned();
            calls += 1;
        }
        assert!((5..=20).contains(&calls), "{calls}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 1000);
    }

    #[test]
    fn refuses() {
        check("ZSCAN z x | ZSCAN none 0 COUNT x", "ERR invalid cursor | [0 []]");
        check(
            "ZADD z 1 a | ZSCAN z 0 NOVALUES | SADD s a | SSCAN s 0 NOSCORES",
            "1 | ERR NOVALUES option can only be used in HSCAN | 1 | \
             ERR NOSCORES option can only be used in ZSCAN",
        );
        check(
            "ZADD z 1 a | ZSCAN z 0 COUNT 0 | ZSCAN z 0 X | SET t v | ZSCAN t 0",
            "1 | ERR syntax error | ERR syntax error | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
