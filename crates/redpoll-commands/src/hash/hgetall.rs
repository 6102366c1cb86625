//! `HGETALL key`, `HKEYS key` and `HVALS key`.

use super::fields;
use crate::answer;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HGETALL: Command = Command {
    spec: Spec {
        name: "hgetall",
        summary: "Returns all fields of a hash with their values.",
        ..SPEC
    },
    run: get_all,
};

pub const HKEYS: Command = Command {
    spec: Spec { name: "hkeys", summary: "Returns all fields of a hash.", ..SPEC },
    run: keys,
};

pub const HVALS: Command = Command {
    spec: Spec { name: "hvals", summary: "Returns the values of all fields of a hash.", ..SPEC },
    run: values,
};

const SPEC: Spec = Spec {
    cost: cost::FIRST,
    arity: 2,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::Hash,
    since: "2.0.0",
    complexity: "O(N) where N is the size of the hash.",
    args: &[Arg::key("key", 0)],
    tips: &["nondeterministic_output_order"],
    ..Spec::EMPTY
};

fn get_all(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    ctx.reply.map(hash.map_or(0, |hash| fields::live_len(hash, now)));
    for field in hash.into_iter().flat_map(|hash| hash.live(now)) {
        answer::element(&mut ctx.reply, field.name);
        answer::element(&mut ctx.reply, field.value);
        ctx.reply.flow();
    }
    Ok(())
}

fn keys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    ctx.reply.array(hash.map_or(0, |hash| fields::live_len(hash, now)));
    let fields = hash.into_iter().flat_map(|hash| hash.live(now));
    answer::elements(&mut ctx.reply, fields.map(|field| field.name));
    Ok(())
}

fn values(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    ctx.reply.array(hash.map_or(0, |hash| fields::live_len(hash, now)));
    let fields = hash.into_iter().flat_map(|hash| hash.live(now));
    answer::elements(&mut ctx.reply, fields.map(|field| field.value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, raw3};

    #[test]
    fn all() {
        check(
            "HGETALL h | HSET h a 1 b x | HGETALL h | HKEYS h | HVALS h | HKEYS none | HVALS none",
            "[] | 2 | [a 1 b x] | [a b] | [1 x] | [] | []",
        );
    }

    #[test]
    fn resp3_has_a_map() {
        assert_eq!(raw3("HSET h a 1 | HGETALL h"), ":1\r\n%1\r\n$1\r\na\r\n$1\r\n1\r\n");
        assert_eq!(raw3("HGETALL h | HKEYS h"), "%0\r\n*0\r\n");
    }

    #[test]
    fn refuses() {
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "SET t v | HGETALL t | HKEYS t | HVALS t",
            &format!("OK | {WRONG} | {WRONG} | {WRONG}"),
        );
    }
}
