//! `HIMPORT PREPARE fieldset-name field [field ...]`.

use crate::prelude::*;
use std::collections::HashSet;

pub(super) const PREPARE: Command = Command {
    spec: Spec {
        name: "prepare",
        arity: -4,
        flags: Flags::DENYOOM,
        group: Group::Hash,
        since: "8.10.0",
        summary: "Gives a list of field names a name, for HIMPORT SET on this connection.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::string("fieldset-name"), Arg::string("field").multiple()],
        tips: &["request_policy:all_shards"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let mut seen = HashSet::new();
    if !args.iter_from(3).all(|field| seen.insert(field)) {
        return Err(Error::text("ERR duplicate field name in fieldset"));
    }
    let fields = args.iter_from(3).map(Box::from).collect();
    ctx.session.fieldsets.insert(args.at(2).into(), fields);
    ctx.reply.ok();
    Ok(())
}
