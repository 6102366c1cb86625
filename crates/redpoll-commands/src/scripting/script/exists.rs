//! `SCRIPT EXISTS sha1 ...`: whether scripts are cached.

use crate::prelude::*;

pub(super) const EXISTS: Command = Command {
    spec: Spec {
        name: "exists",
        arity: -3,
        flags: Flags::NOSCRIPT,
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Tells which scripts are cached.",
        complexity: "O(N), N being the scripts asked for",
        args: &[Arg::string("sha1").multiple()],
        tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.reply.array(args.len() - 2);
    for sha in args.iter_from(2) {
        // Unlike EVALSHA, this takes a name letter by letter.
        let lower = !sha.iter().any(u8::is_ascii_uppercase);
        let found = lower && ctx.engine.scripts.script(sha).is_some();
        ctx.reply.int_bool(found);
    }
    Ok(())
}
