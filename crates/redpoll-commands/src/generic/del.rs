//! `DEL key [key …]` and `UNLINK`, which are one here: what takes long to free is freed in the
//! background whichever of them removes it.

use crate::prelude::*;

pub const DEL: Command = Command {
    spec: Spec {
        name: "del",
        flags: Flags::WRITE,
        since: "1.0.0",
        summary: "Removes keys, whatever they hold.",
        ..SPEC
    },
    run,
};

pub const UNLINK: Command = Command {
    spec: Spec {
        name: "unlink",
        flags: Flags::WRITE.with(Flags::FAST),
        since: "4.0.0",
        summary: "Removes keys and frees their values in the background.",
        ..SPEC
    },
    run,
};

const SPEC: Spec = Spec {
    arity: -2,
    keys: &[KeySpec::range(1, -1, 1).rm().delete()],
    group: Group::Generic,
    complexity: "O(N) where N is the number of keys; large values are freed in the background.",
    args: &[Arg::key("key", 0).multiple()],
    tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
    ..Spec::EMPTY
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let mut removed = 0;
    for key in args.iter_from(1) {
        if ctx.keys.delete(key) {
            ctx.wrote(key, Class::Generic, "del", 1);
            removed += 1;
        }
    }
    ctx.reply.int(removed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn removes_what_is_there() {
        check("MSET a 1 b 2 c 3 | DEL a b x a | EXISTS a b c | UNLINK c c", "OK | 2 | 1 | 1");
        check("SET k v PXAT 1 | DEL k", "OK | 0");
    }
}
