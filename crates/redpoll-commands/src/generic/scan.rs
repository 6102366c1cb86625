//! `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`: walk the keys in steps.
//!
//! The walk takes one stripe after the other, each in the order of the hash. A cursor is the place
//! in the stripe's table times the number of stripes, plus the stripe: 0 is the start, and the end
//! again. A key that is there during the whole walk is met, however tables grow and shrink
//! meanwhile (see `redpoll_keyspace::table`); a cursor that no SCAN has given starts a walk
//! somewhere, and it ends.

use super::names;
use crate::cost;
use crate::matching::Pattern;
use crate::prelude::*;
use crate::scan;
use redpoll_engine::background::Slices;
use redpoll_keyspace::Keys;
use redpoll_keyspace::entry::EntryRef;
use redpoll_keyspace::table::Cursor;
use redpoll_keyspace::type_of;
use redpoll_resp::Reply;
use redpoll_types::value::Value;

pub const SCAN: Command = Command {
    spec: Spec {
        name: "scan",
        cost: Some(|keys, args| cost::option(args, 2, "count").min(keys.keyspace().len(keys.db()))),
        history: &[("6.0.0", "The option `TYPE`.")],
        arity: -2,
        flags: Flags::READONLY,
        locks: Locks::Own,
        group: Group::Generic,
        since: "2.8.0",
        summary: "Walks the keys of the selected database in steps.",
        complexity: "O(N) where N is the count asked for; O(1) for each key over the whole walk.",
        args: &[
            Arg::integer("cursor"),
            Arg::pattern("pattern").token("MATCH").optional(),
            Arg::integer("count").token("COUNT").optional(),
            Arg::string("type").token("TYPE").since("6.0.0").optional(),
        ],
        tips: &["nondeterministic_output", "request_policy:special", "response_policy:special"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let cursor = scan::cursor(args.at(1))?;
    let options = Options::parse(args)?;
    if options.is_for_all(cursor, &ctx.keys)
        && let Some(snapshot) = names::is_aside(ctx.mode)
    {
        // What KEYS answers, and the walk is over.
        return names::answer(ctx, options.matching, snapshot, |reply, len| {
            reply.array(2);
            reply.bulk(b"0");
            reply.array(len);
        });
    }
    let slices = Slices::of(ctx);
    let Ctx { keys, reply, .. } = ctx;
    let mut step = Step { found: 0, expired: Vec::new(), slices };
    scan::reply(reply, |reply| {
        let next = step.walk(keys, reply, cursor, &options);
        (next, step.found)
    });
    for key in &step.expired {
        keys.lock_key(key);
        keys.contains(key);
    }
    keys.unlock_walk();
    Ok(())
}

struct Options<'a> {
    pattern: Pattern<'a>,
    /// The pattern as it was given.
    matching: &'a [u8],
    count: usize,
    /// A type's name; one that no type has matches nothing.
    type_name: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>) -> Result<Self> {
        let mut options =
            Options { pattern: Pattern::Any, matching: b"*", count: 10, type_name: None };
        let mut words = args.iter_from(2);
        while let Some(word) = words.next() {
            let value = words.next().ok_or(Error::Syntax)?;
            if parse::is(word, "COUNT") {
                let count = parse::int(value)?;
                options.count = usize::try_from(count).unwrap_or(0);
                if options.count == 0 {
                    return Err(Error::Syntax);
                }
            } else if parse::is(word, "MATCH") {
                (options.pattern, options.matching) = (Pattern::new(value), value);
            } else if parse::is(word, "TYPE") {
                options.type_name = Some(value);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether one step of the walk is all of it, and names are all that is asked for.
    fn is_for_all(&self, cursor: u64, keys: &Keys<'_>) -> bool {
        cursor == 0 && self.type_name.is_none() && self.count >= keys.keyspace().len(keys.db())
    }

    fn wants(&self, entry: &EntryRef<'_, Value>) -> bool {
        self.pattern.matches(entry.key())
            && self.type_name.is_none_or(|name| {
                name.eq_ignore_ascii_case(type_of(&entry.payload()).name().as_bytes())
            })
    }
}

/// Bytes with which a step of the walk ends in the background, whatever the count: its answer
/// begins with the cursor behind it, and so gathers.
const BYTES_MAX: usize = if cfg!(test) { 16 << 10 } else { 8 << 20 };

/// What one call has come upon.
struct Step {
    found: usize,
    /// Keys whose time has come, to be removed when the walk holds no table.
    expired: Vec<Box<[u8]>>,
    /// Of the walk, if it is long.
    slices: Slices,
}

impl Step {
    /// Writes the keys of some buckets from `cursor` on to the reply; returns where to go on, 0 at
    /// the end. Buckets are taken until they have held `count` keys, wanted or not.
    fn walk(
        &mut self,
        keys: &mut Keys<'_>,
        reply: &mut Reply<'_>,
        cursor: u64,
        options: &Options<'_>,
    ) -> u64 {
        let (db, now) = (keys.db(), keys.now());
        let stripes = keys.keyspace().stripes() as u64;
        let mut place = Cursor::from_bits(cursor / stripes);
        let mut number = cursor % stripes;
        let (mut met, start) = (0, reply.mark());
        let bytes_max = if self.slices.are_cut() { BYTES_MAX } else { usize::MAX };
        // Empty buckets cost time, too: a thinned-out table must not hold the call up.
        let mut steps = options.count.saturating_mul(10).max(2 * stripes as usize);
        while met < options.count && steps > 0 && reply.mark() - start < bytes_max {
            steps -= 1;
            self.slices.before();
            let table = &keys.stripe(number as usize).dbs()[db].table;
            let next = table.scan_step(place, &mut |entry| {
                met += 1;
                if entry.expiry().is_some_and(|at| at <= now) {
                    self.expired.push(entry.key().into());
                } else if options.wants(&entry) {
                    reply.bulk(entry.key());
                    self.found += 1;
                }
            });
            self.slices.is_over(keys);
            place = next.unwrap_or_default();
            if next.is_none() {
                number += 1;
                if number == stripes {
                    return 0;
                }
            }
        }
        place.to_bits() * stripes + number
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::Session;
    use std::collections::BTreeSet;

    fn fill(server: &mut TestServer, client: &mut Session, keys: std::ops::Range<usize>) {
        for number in keys {
            server.run(client, &format!("SET key:{number} v"));
        }
    }

    /// One call: the next cursor and the keys.
    fn step(
        server: &mut TestServer,
        client: &mut Session,
        cursor: &str,
        options: &str,
    ) -> (String, Vec<String>) {
        let reply = server.run(client, &format!("SCAN {cursor} {options}"));
        let (next, keys) = reply.trim_start_matches('[').split_once(' ').expect("two parts");
        let keys = keys.trim_matches(['[', ']']).split(' ').filter(|key| !key.is_empty());
        (next.to_owned(), keys.map(str::to_owned).collect())
    }

    fn walk(server: &mut TestServer, client: &mut Session, options: &str) -> (usize, Vec<String>) {
        let (mut cursor, mut all, mut calls) = ("0".to_owned(), Vec::new(), 0);
        loop {
            let (next, keys) = step(server, client, &cursor, options);
            all.extend(keys);
            calls += 1;
            if next == "0" {
                return (calls, all);
            }
            cursor = next;
        }
    }

    #[test]
    fn an_empty_database_ends_at_once() {
        check("SCAN 0 | SCAN 0 COUNT 1", "[0 []] | [0 []]");
    }

    #[test]
    fn meets_every_key_once_if_nothing_changes() {
        let mut server = TestServer::new();
        let mut client = server.client();
        fill(&mut server, &mut client, 0..3000);
        for count in [1, 10, 500, 5000] {
            let (calls, keys) = walk(&mut server, &mut client, &format!("COUNT {count}"));
            assert_eq!(keys.len(), 3000);
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 3000);
            assert!(calls <= 3000 / count + 1, "{calls} calls of {count}");
        }
    }

    #[test]
    fn filters() {
        let mut server = TestServer::new();
        let mut client = server.client();
        fill(&mut server, &mut client, 0..200);
        let (_, keys) = walk(&mut server, &mut client, "MATCH key:1? COUNT 7");
        assert_eq!(keys.len(), 10);
        assert_eq!(walk(&mut server, &mut client, "TYPE STRING COUNT 50").1.len(), 200);
        assert_eq!(walk(&mut server, &mut client, "TYPE hash").1.len(), 0);
        assert_eq!(walk(&mut server, &mut client, "TYPE nonsense").1.len(), 0);
    }

    #[test]
    fn removes_what_has_expired() {
        check("SET a 1 PXAT 1 | SET b 1 | DBSIZE | SCAN 0 | DBSIZE", "OK | OK | 2 | [0 [b]] | 1");
    }

    #[test]
    fn what_stays_is_met_while_the_database_grows_and_shrinks() {
        let mut server = TestServer::new();
        let mut client = server.client();
        let mut other = server.client();
        fill(&mut server, &mut client, 0..500);
        let (mut cursor, mut seen) = ("0".to_owned(), BTreeSet::new());
        let mut added = 500;
        loop {
            let (next, keys) = step(&mut server, &mut client, &cursor, "COUNT 20");
            seen.extend(keys);
            if next == "0" {
                break;
            }
            cursor = next;
            match added < 5000 {
                true => {
                    fill(&mut server, &mut other, added..added + 400);
                    added += 400;
                }
                false => {
                    for number in 500..added {
                        server.run(&mut other, &format!("DEL key:{number}"));
                    }
                }
            }
        }
        assert!((0..500).all(|number| seen.contains(&format!("key:{number}"))));
    }

    #[test]
    fn any_cursor_is_harmless() {
        let mut server = TestServer::new();
        let mut client = server.client();
        fill(&mut server, &mut client, 0..300);
        for cursor in ["18446744073709551615", "-1", "255", "256", "123456789012345", "+7"] {
            let mut cursor = cursor.to_owned();
            let mut calls = 0;
            while calls == 0 || cursor != "0" {
                cursor = step(&mut server, &mut client, &cursor, "COUNT 100").0;
                calls += 1;
                assert!(calls < 100);
            }
        }
        let invalid = "ERR invalid cursor";
        check("SCAN x | SCAN 1.5 | SCAN ' 1'", &[invalid; 3].join(" | "));
        check(
            "SCAN 18446744073709551616 | SCAN - | SCAN ''",
            &format!("{invalid} | {invalid} | [0 []]"),
        );
    }

    #[test]
    fn refuses_bad_options() {
        let syntax = "ERR syntax error";
        check(
            "SCAN 0 COUNT | SCAN 0 COUNT 0 | SCAN 0 COUNT -5 | SCAN 0 FOO 1",
            &[syntax; 4].join(" | "),
        );
        check("SCAN 0 COUNT x", "ERR value is not an integer or out of range");
    }
}
