//! `KEYS pattern`: all keys that match.
//!
//! In a large database it runs in the background (`names`). Here, one stripe after the other is
//! locked; the keys of a stripe are those of one moment, those of all stripes are not. A pattern
//! without special characters is looked up, not searched for.

use super::names;
use crate::answer::Bound;
use crate::matching::Pattern;
use crate::prelude::*;

pub const KEYS: Command = Command {
    spec: Spec {
        name: "keys",
        cost: Some(|keys, args| match Pattern::new(args.at(1)) {
            Pattern::Literal(_) => 0,
            _ => keys.keyspace().len(keys.db()),
        }),
        arity: 2,
        flags: Flags::READONLY,
        acl: Acl::DANGEROUS,
        locks: Locks::Own,
        group: Group::Generic,
        since: "1.0.0",
        summary: "Returns the names of all keys that match a pattern.",
        complexity: "O(N) where N is the number of keys in the database.",
        args: &[Arg::pattern("pattern")],
        tips: &["request_policy:all_shards", "nondeterministic_output_order"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let pattern = Pattern::new(args.at(1));
    if let Pattern::Literal(key) = pattern {
        return one(ctx, key);
    }
    if let Some(snapshot) = names::is_aside(ctx.mode) {
        return names::answer(ctx, args.at(1), snapshot, |reply, len| reply.array(len));
    }
    let bound = Bound::of(ctx);
    let Ctx { keys, reply, .. } = ctx;
    let (db, now) = (keys.db(), keys.now());
    let start = reply.mark();
    reply.array_later(|reply| {
        let mut found = 0;
        let lens = keys.keyspace().lens(db);
        for number in lens.enumerate().filter(|(_, len)| *len > 0).map(|(number, _)| number) {
            if !bound.wants(reply, start) {
                break;
            }
            for entry in keys.stripe(number).dbs()[db].table.iter() {
                let key = entry.key();
                if pattern.matches(key) && entry.expiry().is_none_or(|at| at > now) {
                    reply.bulk(key);
                    found += 1;
                }
            }
        }
        found
    });
    keys.unlock_walk();
    Ok(())
}

fn one(ctx: &mut Ctx<'_>, key: &[u8]) -> Result {
    ctx.keys.lock_key(key);
    let found = ctx.keys.contains(key);
    ctx.keys.unlock_walk();
    ctx.reply.array(usize::from(found));
    if found {
        ctx.reply.bulk(key);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn finds_by_pattern() {
        let keys = |pattern: &str| {
            let mut server = TestServer::new();
            let mut client = server.client();
            server.run(&mut client, "MSET user:1 a user:2 b order:1 c '' d");
            server.run(&mut client, "SET user:9 x PXAT 1");
            let found = server.run(&mut client, &format!("KEYS {pattern}"));
            let mut names: Vec<&str> =
                found.trim_matches(['[', ']']).split(' ').filter(|name| !name.is_empty()).collect();
            names.sort_unstable();
            names.join(" ")
        };
        assert_eq!(keys("*"), "\"\" order:1 user:1 user:2");
        assert_eq!(keys("user:*"), "user:1 user:2");
        assert_eq!(keys("*:1"), "order:1 user:1");
        assert_eq!(keys("user:[2-9]"), "user:2");
        assert_eq!(keys("user:?"), "user:1 user:2");
        assert_eq!(keys("user:1"), "user:1");
        assert_eq!(keys("nothing"), "");
        assert_eq!(keys("user:9"), "");
    }

    #[test]
    fn sees_its_own_database_only() {
        check("SET a 1 | MOVE a 1 | SET b 1 | KEYS *", "OK | 1 | OK | [b]");
    }
}
