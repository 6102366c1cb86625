//! `OBJECT ENCODING | FREQ | IDLETIME | REFCOUNT | TIER | HELP`: how a key's value is kept.

use crate::prelude::*;
use redpoll_keyspace::access::{Clock, frequency, idle_seconds};
use redpoll_keyspace::entry::{EntryRef, Payload};
use redpoll_types::value::Value;

pub const OBJECT: Command = Command {
    spec: Spec {
        name: "object",
        arity: -2,
        group: Group::Generic,
        since: "2.2.3",
        summary: "A container for commands about how values are kept.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&ENCODING, &FREQ, &HELP, &IDLETIME, &REFCOUNT, &TIER],
        ..Spec::EMPTY
    },
    run: container,
};

const ENCODING: Command = Command {
    spec: Spec {
        name: "encoding",
        since: "2.2.3",
        summary: "Returns the name of the encoding of a key's value.",
        ..SPEC
    },
    run: |ctx, args| {
        let encoding = look(ctx, args).map(|entry| encoding(&entry));
        ctx.reply.bulk_or_null(encoding.map(str::as_bytes));
        Ok(())
    },
};

const FREQ: Command = Command {
    spec: Spec {
        name: "freq",
        since: "4.0.0",
        summary: "Returns how often a key is used, as the logarithmic counter of an LFU policy.",
        ..SPEC
    },
    run: |ctx, args| {
        let (now, pace) = (ctx.keys.now(), ctx.keys.keyspace().pace());
        let refusal = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. \
                       Please note that when switching between policies at runtime LRU and LFU \
                       data will take some time to adjust.";
        clock(ctx, args, true, refusal, |clock| i64::from(frequency(clock, now, pace)))
    },
};

const IDLETIME: Command = Command {
    spec: Spec {
        name: "idletime",
        since: "2.2.3",
        summary: "Returns for how many seconds a key has not been used.",
        ..SPEC
    },
    run: |ctx, args| {
        let now = ctx.keys.now();
        let refusal = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note \
                       that when switching between policies at runtime LRU and LFU data will take \
                       some time to adjust.";
        clock(ctx, args, false, refusal, |clock| idle_seconds(clock, now) as i64)
    },
};

const REFCOUNT: Command = Command {
    spec: Spec {
        name: "refcount",
        since: "2.2.3",
        summary: "Returns the number of references to a key's value.",
        ..SPEC
    },
    run: |ctx, args| {
        let shared = shares_integers(ctx);
        match look(ctx, args).map(|entry| references(&entry, shared)) {
            Some(count) => ctx.reply.int(count),
            None => ctx.reply.null(),
        }
        Ok(())
    },
};

const TIER: Command = Command {
    spec: Spec {
        name: "tier",
        since: "8.0.0",
        summary: "Returns in which tier of memory a key's value lies.",
        complexity: "O(1), or O(N) for a large collection of N elements",
        ..SPEC
    },
    run: |ctx, args| {
        let tier = look(ctx, args).map(|entry| tier(&entry));
        ctx.reply.bulk_or_null(tier.map(str::as_bytes));
        Ok(())
    },
};

const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Generic,
        since: "6.2.0",
        summary: "Describes the subcommands of OBJECT.",
        ..Spec::EMPTY
    },
    run: help,
};

const SPEC: Spec = Spec {
    arity: 3,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(2).ro()],
    group: Group::Generic,
    args: &[Arg::key("key", 0)],
    tips: &["nondeterministic_output"],
    ..Spec::EMPTY
};

/// The longest string that Redis keeps in one block with its header.
const EMBSTR_MAX: usize = 44;

fn encoding(entry: &EntryRef<'_, Value>) -> &'static str {
    match entry.payload() {
        Payload::Int(_) => "int",
        Payload::Inline(bytes) if bytes.len() <= EMBSTR_MAX && !entry.is_raw() => "embstr",
        Payload::Inline(_) => "raw",
        Payload::Value(value) => value.encoding(),
    }
}

/// `dram`, `far`, or `mixed` for a large collection with parts in both.
fn tier(entry: &EntryRef<'_, Value>) -> &'static str {
    let Payload::Value(value) = entry.payload() else { return "dram" };
    match value.far_bytes() {
        0 => "dram",
        _ if value.movable().is_some() => "far",
        _ => "mixed",
    }
}

/// A value has one owner. Small integers are nobody's own: Redis has one object for each of them
/// and shows this count for it; here they need no object at all.
fn references(entry: &EntryRef<'_, Value>, shared: bool) -> i64 {
    match entry.payload() {
        Payload::Int(0..=9999) if shared => i64::from(i32::MAX),
        _ => 1,
    }
}

/// Whether Redis would share small integers: not where each key needs an access clock of its own.
fn shares_integers(ctx: &Ctx<'_>) -> bool {
    let config = &ctx.engine.config;
    let policy = config.maxmemory_policy();
    config.maxmemory() == 0 || !(policy.is_lru() || policy.is_lfu() || policy.is_lrm())
}

/// The key's entry: counted as a read, but nobody is told of a key that is not there.
fn look<'c>(ctx: &'c mut Ctx<'_>, args: Args<'_>) -> Option<EntryRef<'c, Value>> {
    let key = args.at(2);
    match ctx.keys.contains(key) {
        true => ctx.keys.effects.hits += 1,
        false => ctx.keys.effects.misses += 1,
    }
    ctx.keys.peek(key)
}

/// Answers what `show` reads in the key's access clock, which has to be of the right kind.
fn clock(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    lfu: bool,
    refusal: &'static str,
    show: impl Fn(u32) -> i64,
) -> Result {
    let is_lfu = ctx.keys.keyspace().clock() == Clock::Uses;
    match look(ctx, args).map(|entry| entry.access()) {
        None => ctx.reply.null(),
        Some(_) if is_lfu != lfu => return Err(Error::text(refusal)),
        Some(access) => ctx.reply.int(show(access)),
    }
    Ok(())
}

fn help(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let subcommands = [
        ("ENCODING <key>", "The name of the encoding in which the value is kept."),
        ("FREQ <key>", "How often the key is used, on a logarithmic scale (LFU policies only)."),
        ("IDLETIME <key>", "Seconds since the key was last used (not under LFU policies)."),
        ("REFCOUNT <key>", "The number of references to the value."),
        ("TIER <key>", "Where the value lies: dram, far, or mixed for parts in both."),
    ];
    crate::help::reply(&mut ctx.reply, "OBJECT", &subcommands);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn encodings_of_strings() {
        let (most, more) = ("x".repeat(44), "x".repeat(45));
        check(
            "SET k 12 | OBJECT ENCODING k | SET k 1x | OBJECT ENCODING k",
            "OK | int | OK | embstr",
        );
        check(&format!("SET k {most} | OBJECT ENCODING k"), "OK | embstr");
        check(&format!("SET k {more} | OBJECT ENCODING k"), "OK | raw");
        check("SETRANGE k 5000 x | OBJECT ENCODING k", "5001 | raw");
        check("SET k 12345678901234567890 | OBJECT ENCODING k", "OK | embstr");
        check("OBJECT ENCODING none | OBJECT REFCOUNT none", "nil | nil");
    }

    #[test]
    fn values_lie_in_dram_where_there_is_nothing_else() {
        check("SET k v | OBJECT TIER k | OBJECT TIER none", "OK | dram | nil");
        check("RPUSH l a b | OBJECT TIER l", "2 | dram");
    }

    #[test]
    fn references_and_idle_time() {
        check("SET k v | OBJECT REFCOUNT k | OBJECT IDLETIME k", "OK | 1 | 0");
        check(
            "SET k 9999 | OBJECT REFCOUNT k | INCR k | OBJECT REFCOUNT k",
            "OK | 2147483647 | 10000 | 1",
        );
        check("OBJECT IDLETIME none | OBJECT FREQ none", "nil | nil");
        check(
            "SET k v | OBJECT FREQ k",
            "OK | ERR An LFU maxmemory policy is not selected, access frequency not tracked. \
             Please note that when switching between policies at runtime LRU and LFU data will \
             take some time to adjust.",
        );
    }

    #[test]
    fn frequency_under_an_lfu_policy() {
        let mut server = TestServer::new();
        let mut client = server.client();
        let policy = [("maxmemory-policy", "allkeys-lfu")];
        server.engine.config.set_many(Default::default(), &policy).expect("a valid policy");
        server.engine.config_changed();
        server.run(&mut client, "SET k v");
        assert_eq!(server.run(&mut client, "OBJECT FREQ k"), "5");
        assert!(server.run(&mut client, "OBJECT IDLETIME k").starts_with("ERR An LFU"));
        for _ in 0..200 {
            server.run(&mut client, "GET k");
        }
        let hot: u32 = server.run(&mut client, "OBJECT FREQ k").parse().expect("a number");
        assert!((6..=40).contains(&hot), "{hot}");
    }

    #[test]
    fn containers_refuse_what_they_do_not_know() {
        check("OBJECT FOO k", "ERR unknown subcommand 'FOO'. Try OBJECT HELP.");
        check("OBJECT", "ERR wrong number of arguments for 'object' command");
        check("OBJECT ENCODING", "ERR wrong number of arguments for 'object|encoding' command");
    }
}
