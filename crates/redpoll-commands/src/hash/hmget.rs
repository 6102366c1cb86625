//! `HMGET key field [field ...]`.

use super::fields;
use crate::answer;
use crate::prelude::*;
use redpoll_types::hash::Hash;

pub const HMGET: Command = Command {
    spec: Spec {
        name: "hmget",
        arity: -3,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Returns the values of several fields of a hash.",
        complexity: "O(N) where N is the number of fields that are asked for.",
        args: &[Arg::key("key", 0), Arg::string("field").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    ctx.reply.array(args.len() - 2);
    for field in args.iter_from(2) {
        answer::element_or_null(&mut ctx.reply, hash.and_then(|hash| hash.get(field, now)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn gets() {
        check("HSET h a x b 2 | HMGET h b z a b | HMGET none a b", "2 | [2 nil x 2] | [nil nil]");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | HMGET t a | HMGET t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR wrong number of arguments for 'hmget' command",
        );
    }
}
