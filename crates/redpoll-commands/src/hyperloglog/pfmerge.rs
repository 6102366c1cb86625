//! `PFMERGE destkey [sourcekey...]`: the union of HyperLogLogs.

use super::value;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hll;

pub const PFMERGE: Command = Command {
    spec: Spec {
        name: "pfmerge",
        cost: cost::MERGED,
        arity: -2,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().access().insert(), KeySpec::range(2, -1, 1).ro().access()],
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Merges HyperLogLogs into one, which counts what any of them has counted.",
        complexity: "O(N) where N is the number of keys, with some work for each.",
        args: &[Arg::key("destkey", 0), Arg::key("sourcekey", 1).optional().multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (target, sparse_max) = (args.at(1), ctx.limits.hll_sparse_max_bytes);
    let registers = value::merge(ctx, args.iter_from(1))?;
    let store = |bytes: &mut Vec<u8>| registers.store(bytes, sparse_max);
    if ctx.keys.contains(target) {
        ctx.keys.edit_string(target, store)?.map_err(value::error)?;
    } else {
        let mut bytes = hll::empty();
        store(&mut bytes).map_err(value::error)?;
        ctx.keys.set_raw(target, bytes);
    }
    // For those who listen, a merge is the addition of many elements.
    ctx.wrote(target, Class::String, "pfadd", 1);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn merges() {
        check(
            "PFADD a 1 2 3 | PFADD b 3 4 | PFADD d 9 | PFMERGE d a b none | PFCOUNT d | \
             PFDEBUG ENCODING d | PFMERGE n a | PFCOUNT n | PFMERGE m | PFCOUNT m | STRLEN m",
            "1 | 1 | 1 | OK | 5 | sparse | OK | 3 | OK | 0 | 18",
        );
        check(
            "PFADD a 1 2 3 | PFADD b 4 | PFDEBUG TODENSE b | PFMERGE a b | PFDEBUG ENCODING a | \
             PFCOUNT a | EXPIRE a 10 | PFMERGE a b | TTL a",
            "1 | 1 | 1 | OK | dense | 4 | 1 | OK | 10",
        );
    }

    #[test]
    fn refuses() {
        let none = "WRONGTYPE Key is not a valid HyperLogLog string value.";
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "PFADD a 1 | SET k v | RPUSH l a | PFMERGE k a | PFMERGE a k | PFMERGE l a | \
             PFMERGE a l | PFADD h a | APPEND h x | PFMERGE a h | PFMERGE h a | PFCOUNT a",
            &format!(
                "1 | OK | 1 | {none} | {none} | {wrong} | {wrong} | 1 | 22 | \
                 INVALIDOBJ Corrupted HLL object detected | \
                 INVALIDOBJ Corrupted HLL object detected | 1"
            ),
        );
    }

    #[test]
    fn tells_of_it() {
        check_events(
            "PFADD a 1 | PFMERGE d a | PFMERGE d a",
            "new a, pfadd a, new d, pfadd d, pfadd d",
            4,
        );
    }
}
