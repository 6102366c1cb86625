//! `HDEL key field [field ...]`.

use super::fields;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HDEL: Command = Command {
    spec: Spec {
        name: "hdel",
        cost: cost::INDEXED,
        history: &[("2.4.0", "Takes several fields.")],
        arity: -3,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Deletes fields of a hash, and the hash with its last field.",
        complexity: "O(N) where N is the number of fields to be deleted.",
        args: &[Arg::key("key", 0), Arg::string("field").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, now) = (args.at(1), fields::now(ctx));
    let mut gone = fields::Noted::of(ctx);
    let Some(hash) = ctx.keys.write::<Hash>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let deleted = args.iter_from(2).filter(|field| hash.delete(field, now));
    let deleted = deleted.inspect(|field| gone.note(field)).count();
    let emptied = hash.is_empty();
    if deleted > 0 {
        ctx.wrote_fields(key, "hdel", deleted as u64, gone.fields());
    }
    if emptied {
        ctx.keys.drop_if_empty(key);
    }
    ctx.reply.count(deleted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn deletes() {
        check(
            "HSET h a 1 b 2 c 3 | HDEL h a x a | HKEYS h | HDEL h b c d | HLEN h | HDEL h a",
            "3 | 1 | [b c] | 2 | 0 | 0",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | HDEL t a | HDEL t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR wrong number of arguments for 'hdel' command",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "HSET h a 1 b 2 c 3 | HDEL h a b | HDEL h x | HDEL h c",
            "new h, hset h, hdel h, hdel h, del h",
            6,
        );
    }
}
