//! `HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]`.

use super::fields;
use crate::cost;
use crate::prelude::*;
use crate::{answer, scan};
use redpoll_types::hash::Hash;

pub const HSCAN: Command = Command {
    spec: Spec {
        name: "hscan",
        cost: cost::SCANNED,
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Hash,
        since: "2.8.0",
        summary: "Goes through the fields of a hash, some at each call.",
        complexity: "O(1) for every call, O(N) for a whole scan of N fields.",
        args: &[
            Arg::key("key", 0),
            Arg::integer("cursor"),
            Arg::pattern("pattern").token("MATCH").optional(),
            Arg::integer("count").token("COUNT").optional(),
            Arg::flag("novalues", "NOVALUES").since("7.4.0").optional(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (cursor, now) = (scan::cursor(args.at(2))?, fields::now(ctx));
    let Some(hash) = ctx.keys.read::<Hash>(args.at(1))? else {
        scan::reply_nothing(&mut ctx.reply);
        return Ok(());
    };
    let options = scan::Options::parse(args, 3, scan::Kind::Hash)?;
    scan::reply(&mut ctx.reply, |reply| {
        let mut len = 0;
        let next = hash.scan(cursor, options.count, now, |field| {
            if !options.wants(field.name) {
                return;
            }
            answer::element(reply, field.name);
            len += 1;
            if !options.names_only {
                answer::element(reply, field.value);
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
    fn small_hashes_at_once() {
        check(
            "HSCAN h 0 | HSET h aa 1 ab 2 b 3 | HSCAN h 0 | HSCAN h 7 COUNT 1 NOVALUES | \
             HSCAN h 0 MATCH a* novalues | HSCAN h 0 MATCH ?b",
            "[0 []] | 3 | [0 [aa 1 ab 2 b 3]] | [0 [aa ab b]] | [0 [aa ab]] | [0 [ab 2]]",
        );
    }

    #[test]
    fn big_hashes_in_steps() {
        let mut server = TestServer::new();
        let mut client = server.client();
        for number in 0..1000 {
            server.run(&mut client, &format!("HSET h f{number} v{number}"));
        }
        let (mut cursor, mut seen, mut calls) = ("0".to_owned(), Vec::new(), 0);
        loop {
            let reply = server.run(&mut client, &format!("HSCAN h {cursor} COUNT 50"));
            let (next, words) = reply.trim_matches(['[', ']']).split_once(" [").unwrap();
            let words: Vec<&str> = words.split(' ').collect();
            for pair in words.chunks(2) {
                assert_eq!(pair[0].trim_start_matches('f'), pair[1].trim_start_matches('v'));
                seen.push(pair[0].to_owned());
            }
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
            "HSCAN h x | HSET h a 1 | HSCAN h 0 COUNT -1 | HSCAN h 0 NOVALUES x | SET t v | \
             HSCAN t 0",
            "ERR invalid cursor | 1 | ERR syntax error | ERR syntax error | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
