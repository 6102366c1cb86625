//! `HSETNX key field value`.

use super::fields;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::Ttl;

pub const HSETNX: Command = Command {
    spec: Spec {
        name: "hsetnx",
        cost: cost::INDEXED,
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().insert()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Sets a field of a hash if the hash does not have it yet.",
        complexity: "O(1)",
        args: &[Arg::key("key", 0), Arg::string("field"), Arg::string("value")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, field, value) = (args.at(1), args.at(2), args.at(3));
    let (now, limits) = (fields::now(ctx), ctx.limits);
    let set = fields::change(ctx, key, |hash| {
        Ok(!hash.contains(field, now) && hash.set(field, value, Ttl::Clear, now, limits))
    })?;
    if set {
        ctx.wrote_fields(key, "hset", 1, [field]);
    }
    ctx.reply.int_bool(set);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn sets_once() {
        check("HSETNX h a 1 | HSETNX h a 2 | HGET h a | HSETNX h b 2", "1 | 0 | 1 | 1");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | HSETNX t a 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("HSETNX h a 1 | HSETNX h a 2", "new h, hset h", 1);
    }
}
