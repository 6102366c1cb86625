//! `DBSIZE`: the number of keys of the database.

use crate::prelude::*;

pub const DBSIZE: Command = Command {
    spec: Spec {
        name: "dbsize",
        arity: 1,
        flags: Flags::READONLY.with(Flags::FAST),
        acl: Acl::KEYSPACE,
        group: Group::Server,
        since: "1.0.0",
        summary: "Returns the number of keys in the selected database.",
        tips: &["request_policy:all_shards", "response_policy:agg_sum"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let len = ctx.keys.keyspace().len(ctx.keys.db());
    ctx.reply.count(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts_keys() {
        check(
            "DBSIZE | MSET a 1 b 2 c 3 | DBSIZE | DEL a | MOVE b 1 | DBSIZE",
            "0 | OK | 3 | 1 | 1 | 1",
        );
    }
}
