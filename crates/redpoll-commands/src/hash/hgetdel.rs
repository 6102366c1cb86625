//! `HGETDEL key FIELDS numfields field [field ...]`.

use super::times::{self, BAD_COUNT};
use super::{fields, hpersist};
use crate::answer;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HGETDEL: Command = Command {
    spec: Spec {
        name: "hgetdel",
        cost: cost::INDEXED,
        arity: -5,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().delete()],
        group: Group::Hash,
        since: "8.0.0",
        summary: "Returns the values of fields of a hash and deletes the fields.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::key("key", 0), hpersist::FIELDS],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, now) = (args.at(1), fields::now(ctx));
    let mut gone = fields::Noted::of(ctx);
    let mut hash = ctx.keys.write::<Hash>(key)?;
    let first = times::named_fields(args, 2, BAD_COUNT)?;
    let mut deleted = 0;
    ctx.reply.array(args.len() - first);
    for field in args.iter_from(first) {
        let value = hash.as_ref().and_then(|hash| hash.get(field, now));
        answer::element_or_null(&mut ctx.reply, value);
        if value.is_some() {
            hash.iter_mut().for_each(|hash| drop_field(hash, field, now));
            gone.note(field);
            deleted += 1;
        }
    }
    let emptied = hash.is_some_and(|hash| hash.is_empty());
    if deleted > 0 {
        ctx.log_as([b"HDEL", key].into_iter().chain(args.iter_from(first)));
        ctx.wrote_fields(key, "hdel", deleted, gone.fields());
    }
    if emptied {
        ctx.keys.drop_if_empty(key);
    }
    Ok(())
}

fn drop_field(hash: &mut Hash, field: &[u8], now: u64) {
    hash.delete(field, now);
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn gets_and_deletes() {
        check(
            "HSET h a 1 b x c 3 | HGETDEL h FIELDS 4 b z a b | HGETALL h | HGETDEL h FIELDS 1 c | \
             HLEN h | HGETDEL h FIELDS 2 a b",
            "3 | [x nil 1 nil] | [c 3] | [3] | 0 | [nil nil]",
        );
        check(
            "HSET h a 1 b 2 | HPEXPIRE h 5 FIELDS 1 a | ~6 | HGETDEL h FIELDS 2 a b | HLEN h",
            "2 | [1] | ~ | [nil 2] | 0",
        );
    }

    #[test]
    fn refuses() {
        check(
            "HGETDEL h FIELD 1 a | HGETDEL h FIELDS 0 a | HGETDEL h FIELDS 2 a | \
             HGETDEL h FIELDS 1 | \
             SET t v | HGETDEL t FIELD 1 a",
            "ERR Mandatory argument FIELDS is missing or not at the right position | \
             ERR Number of fields must be a positive integer | \
             ERR The `numfields` parameter must match the number of arguments | \
             ERR wrong number of arguments for 'hgetdel' command | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "HSET h a 1 b 2 | HGETDEL h FIELDS 1 x | HGETDEL h FIELDS 2 a b",
            "new h, hset h, hdel h, del h",
            4,
        );
    }
}
