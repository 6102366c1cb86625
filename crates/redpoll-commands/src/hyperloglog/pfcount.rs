//! `PFCOUNT key...`: the count of one HyperLogLog, or of the union of several.

use super::value;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hll;

pub const PFCOUNT: Command = Command {
    spec: Spec {
        name: "pfcount",
        cost: cost::MERGED,
        arity: -2,
        flags: Flags::READONLY.with(Flags::MAY_REPLICATE),
        // The count that is cached in the value may be renewed.
        keys: &[KeySpec::range(1, -1, 1).rw().access()],
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Returns about how many different elements were added to HyperLogLogs.",
        complexity: "O(1) for one key, mostly a look at a cached count; O(N) for N keys, and much \
                     more for each.",
        args: &[Arg::key("key", 0).multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let count = match args.len() {
        2 => count_one(ctx, args.at(1))?,
        _ => value::merge(ctx, args.iter_from(1))?.count(),
    };
    ctx.reply.int(count as i64);
    Ok(())
}

fn count_one(ctx: &mut Ctx<'_>, key: &[u8]) -> Result<u64> {
    let Some(text) = ctx.keys.string(key)? else { return Ok(0) };
    value::encoding(text)?;
    if let Some(count) = text.with(hll::cached_count) {
        return Ok(count);
    }
    let count = text.with(hll::count).map_err(value::error)?;
    ctx.keys.edit_bytes(key, 0, |bytes, _| hll::cache_count(bytes, count))?;
    // A change of the value, but of nothing that an event tells of.
    ctx.keys.modified(key);
    ctx.keys.effects.dirty += 1;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn counts() {
        check(
            "PFADD a 1 2 3 | PFADD b 3 4 | PFCOUNT a | PFCOUNT b none | PFCOUNT a b | \
             PFCOUNT none | PFCOUNT a | PFCOUNT a a",
            "1 | 1 | 3 | 2 | 4 | 0 | 3 | 3",
        );
    }

    #[test]
    fn caches_the_count() {
        check(
            "PFADD k a b | GETRANGE k 8 8 | PFCOUNT k | GETRANGE k 8 8 | SETRANGE k 8 \"\\x07\" | \
             PFCOUNT k | PFADD k a | PFCOUNT k | PFADD k c | PFCOUNT k",
            "1 | \0 | 2 | \u{2} | 24 | 7 | 0 | 7 | 1 | 3",
        );
        check_events("PFADD k a | PFCOUNT k | PFCOUNT k | PFCOUNT k k", "new k, pfadd k", 3);
    }

    #[test]
    fn refuses() {
        let none = "WRONGTYPE Key is not a valid HyperLogLog string value.";
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        let corrupt = "INVALIDOBJ Corrupted HLL object detected";
        check(
            "SET k v | PFCOUNT k | PFCOUNT k none | RPUSH l a | PFCOUNT l | PFCOUNT none l | \
             PFADD h a | APPEND h x | PFCOUNT h | PFCOUNT h h",
            &format!(
                "OK | {none} | {none} | 1 | {wrong} | {wrong} | 1 | 22 | {corrupt} | {corrupt}"
            ),
        );
    }
}
