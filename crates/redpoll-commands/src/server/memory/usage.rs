//! `MEMORY USAGE key [SAMPLES count] [TIERS]`: the bytes that a key and its value take.

use crate::prelude::*;
use redpoll_engine::spec::Cost;
use redpoll_keyspace::entry::Payload;

/// Elements of a collection that are looked at unless a count is given.
const DEFAULT_SAMPLES: usize = 5;

pub(super) const USAGE: Command = Command {
    spec: Spec {
        name: "usage",
        cost: COST,
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(2).ro()],
        group: Group::Server,
        since: "4.0.0",
        summary: "Estimates the bytes that a key and its value take.",
        args: &[
            Arg::key("key", 0),
            Arg::integer("count").token("SAMPLES").optional(),
            Arg::flag("tiers", "TIERS").optional(),
        ],
        complexity: "O(N), N being the samples",
        ..Spec::EMPTY
    },
    run,
};

/// All elements, where all are to be looked at.
const COST: Option<Cost> = Some(|keys, args| match options(args) {
    Ok((0, _) | (_, true)) => keys.elements(args.at(2)),
    Ok((samples, _)) => samples.min(keys.elements(args.at(2))),
    Err(_) => 0,
});

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (samples, tiers) = options(args)?;
    let Some(bytes) = bytes(ctx, args.at(2), samples) else {
        ctx.reply.null();
        return Ok(());
    };
    if !tiers {
        ctx.reply.count(bytes);
        return Ok(());
    }
    let far = ctx.keys.peek(args.at(2)).map_or(0, |entry| match entry.payload() {
        Payload::Value(value) => value.far_bytes(),
        _ => 0,
    });
    ctx.reply.map(2);
    ctx.reply.bulk(b"dram");
    ctx.reply.count(bytes.saturating_sub(far));
    ctx.reply.bulk(b"far");
    ctx.reply.count(far);
    Ok(())
}

/// How many elements to look at, 0 for all; and whether the tiers are asked for.
fn options(args: Args<'_>) -> Result<(usize, bool)> {
    let (mut samples, mut tiers) = (DEFAULT_SAMPLES, false);
    let mut words = args.iter_from(3);
    while let Some(option) = words.next() {
        if parse::is(option, "tiers") {
            tiers = true;
            continue;
        }
        let value = words.next().filter(|_| parse::is(option, "samples"));
        let count = parse::int(value.ok_or(Error::Syntax)?)?;
        samples = usize::try_from(count).map_err(|_| Error::Syntax)?;
    }
    Ok((samples, tiers))
}

/// The entry's block, what its value has elsewhere, and its share of the table.
fn bytes(ctx: &mut Ctx<'_>, key: &[u8], samples: usize) -> Option<usize> {
    let entry = ctx.keys.peek(key)?;
    let elsewhere = match entry.payload() {
        Payload::Value(value) => value.memory_usage(samples),
        _ => 0,
    };
    let own = entry.block_bytes() + elsewhere;
    let (keyspace, db) = (ctx.keys.keyspace(), ctx.keys.db());
    let stripe = ctx.keys.held_stripe(keyspace.stripe_of(keyspace.hash(key)));
    let table = &stripe.dbs()[db].table;
    Some(own + table.bytes().checked_div(table.capacity()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn grows_with_the_value() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let mut usage = |size: usize| {
            server.run(&mut session, &format!("SET k {}", "x".repeat(size)));
            let bytes = server.run(&mut session, "MEMORY USAGE k SAMPLES 0");
            bytes.parse::<usize>().expect("a number")
        };
        let (small, large) = (usage(10), usage(10_000));
        assert!((18..100).contains(&small), "{small}");
        assert!((10_000..13_000).contains(&large), "{large}");
    }

    #[test]
    fn tells_the_tiers_apart() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "SET k v");
        let tiers = server.run(&mut session, "MEMORY USAGE k TIERS");
        assert!(tiers.starts_with("[dram ") && tiers.ends_with(" far 0]"), "{tiers}");
        check("MEMORY USAGE k TIERS", "nil");
    }

    #[test]
    fn absent_keys_and_refusals() {
        check("MEMORY USAGE k", "nil");
        check("MEMORY USAGE k SAMPLES", "ERR syntax error");
        check("MEMORY USAGE k SAMPLES -1", "ERR syntax error");
        check("MEMORY USAGE k NOPE 1", "ERR syntax error");
        check("MEMORY USAGE k SAMPLES x", "ERR value is not an integer or out of range");
    }
}
