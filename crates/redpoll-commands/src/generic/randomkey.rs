//! `RANDOMKEY`: a key at random.
//!
//! A stripe is drawn by its share of the keys, and only that one is locked.

use crate::prelude::*;
use redpoll_keyspace::stripe::Db;
use redpoll_types::rng::Rng;

pub const RANDOMKEY: Command = Command {
    spec: Spec {
        name: "randomkey",
        arity: 1,
        flags: Flags::READONLY,
        locks: Locks::Own,
        group: Group::Generic,
        since: "1.0.0",
        summary: "Returns a key at random from the selected database.",
        tips: &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// Expired keys that are passed over where they stay; as in Redis, the next one is taken.
const TRIES_MAX: u32 = 100;

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let db = ctx.keys.db();
    let now = ctx.keys.now();
    let mut tries = 0;
    while let Some(stripe) = choose_stripe(ctx, db) {
        let Ctx { keys, rng, reply, .. } = ctx;
        let stays = keys.keyspace().is_passive();
        let part: &Db = &keys.stripe(stripe).dbs()[db];
        let Some(entry) = part.table.random(|below| rng.below(below)) else { continue };
        // Where expired keys stay, there may be no others.
        tries += u32::from(stays);
        if tries > TRIES_MAX || entry.expiry().is_none_or(|at| at > now) {
            reply.bulk(entry.key());
            ctx.keys.unlock_walk();
            return Ok(());
        }
        // Its time has come: whoever meets it removes it, and there is one key less to meet.
        let key = entry.key().to_vec();
        keys.contains(&key);
    }
    ctx.keys.unlock_walk();
    ctx.reply.null();
    Ok(())
}

/// A stripe with keys, at random; `None` if there are no keys at all.
fn choose_stripe(ctx: &mut Ctx<'_>, db: usize) -> Option<usize> {
    let lens = ctx.keys.keyspace().lens(db);
    let total: usize = lens.clone().sum();
    if total == 0 {
        return None;
    }
    let mut rank = ctx.rng.below(total as u64) as usize;
    let mut lens = lens;
    lens.position(|len| {
        let here = rank < len;
        rank = rank.saturating_sub(len);
        here
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use std::collections::HashMap;

    #[test]
    fn ends_where_all_keys_have_expired_and_stay() {
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "SET k v PX 10");
        server.run(&mut client, "CLIENT PAUSE 1000 WRITE");
        server.now += 11;
        assert_eq!(server.run(&mut client, "RANDOMKEY"), "k");
    }

    #[test]
    fn none_or_the_only_one() {
        check("RANDOMKEY | SET k v | RANDOMKEY", "nil | OK | k");
        check("SET k v PXAT 1 | SET l v PXAT 1 | RANDOMKEY | DBSIZE", "OK | OK | nil | 0");
    }

    #[test]
    fn every_key_has_its_share() {
        let mut server = TestServer::new();
        let mut client = server.client();
        for number in 0..10 {
            server.run(&mut client, &format!("SET key:{number} v"));
        }
        let mut counts: HashMap<String, u32> = HashMap::new();
        for _ in 0..2000 {
            *counts.entry(server.run(&mut client, "RANDOMKEY")).or_default() += 1;
        }
        assert_eq!(counts.len(), 10);
        assert!(counts.values().all(|&count| (120..280).contains(&count)), "{counts:?}");
    }
}
