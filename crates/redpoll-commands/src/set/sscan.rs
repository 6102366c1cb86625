//! `SSCAN key cursor [MATCH pattern] [COUNT count]`.

use crate::cost;
use crate::prelude::*;
use crate::{answer, scan};
use redpoll_types::set::Set;

pub const SSCAN: Command = Command {
    spec: Spec {
        name: "sscan",
        cost: cost::SCANNED,
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Set,
        since: "2.8.0",
        summary: "Goes through the members of a set, some at each call.",
        complexity: "O(1) for every call, O(N) for a whole scan of N members.",
        args: &[
            Arg::key("key", 0),
            Arg::integer("cursor"),
            Arg::pattern("pattern").token("MATCH").optional(),
            Arg::integer("count").token("COUNT").optional(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let cursor = scan::cursor(args.at(2))?;
    let Some(set) = ctx.keys.read::<Set>(args.at(1))? else {
        scan::reply_nothing(&mut ctx.reply);
        return Ok(());
    };
    let options = scan::Options::parse(args, 3, scan::Kind::Other)?;
    scan::reply(&mut ctx.reply, |reply| {
        let mut len = 0;
        let next = set.scan(cursor, options.count, |member| {
            if options.wants(member) {
                answer::element(reply, member);
                len += 1;
            }
        });
        (next, len)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn small_sets_at_once() {
        check("SSCAN s 0 | SADD s a b | SSCAN s 0", "[0 []] | 2 | [0 [a b]]");
        check("SADD s 1 2 3 | SSCAN s 99 COUNT 1", "3 | [0 [1 2 3]]");
        check(
            "SADD s aa ab b | SSCAN s 0 MATCH a* COUNT 10 | SSCAN s 0 match * | SSCAN s 0 MATCH x",
            "3 | [0 [aa ab]] | [0 [aa ab b]] | [0 []]",
        );
    }

    #[test]
    fn big_sets_in_steps() {
        let mut server = TestServer::new();
        let mut client = server.client();
        for number in 0..1000 {
            server.run(&mut client, &format!("SADD s m{number}"));
        }
        let (mut cursor, mut seen, mut calls) = ("0".to_owned(), Vec::new(), 0);
        loop {
            let reply = server.run(&mut client, &format!("SSCAN s {cursor} COUNT 50"));
            let (next, members) = reply.trim_matches(['[', ']']).split_once(" [").unwrap();
            seen.extend(members.split(' ').map(str::to_owned));
            calls += 1;
            cursor = next.to_owned();
            if cursor == "0" {
                break;
            }
        }
        assert!((5..=20).contains(&calls), "{calls}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 1000);
    }

    #[test]
    fn refuses() {
        check(
            "SSCAN s x | SSCAN s - | SSCAN s 0 COUNT x | SADD s a | SSCAN s 0 COUNT x | \
             SSCAN s 0 COUNT 0 | SSCAN s 0 COUNT | SSCAN s 0 TYPE set | SSCAN s 0 NOVALUES",
            "ERR invalid cursor | ERR invalid cursor | [0 []] | 1 | \
             ERR value is not an integer or out of range | ERR syntax error | ERR syntax error | \
             ERR syntax error | ERR NOVALUES option can only be used in HSCAN",
        );
        check(
            "SET t v | SSCAN t 0",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
