//! `FT.TAGVALS index field`: the values of a tag field.

use super::{common, running};
use crate::prelude::*;
use redpoll_search::query::Fields;

pub const TAGVALS: Command = Command {
    spec: Spec {
        name: "ft.tagvals",
        arity: 3,
        flags: Flags::READONLY,
        locks: Locks::Own,
        acl: Acl::DANGEROUS,
        group: Group::Search,
        since: "1.0.0",
        summary: "Returns the values of a tag field.",
        complexity: "O(N) where N is the number of values.",
        args: &[Arg::string("index"), Arg::string("field_name")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let index = common::index(ctx, args.at(1))?;
    let snapshot = index.index.snapshot();
    let field = snapshot.schema().field(args.at(2)).ok_or(Error::text("No such field"))?;
    if !field.kinds.tag {
        return Err(Error::text("Not a tag field"));
    }
    if running::leaves(ctx, snapshot.terms_len()) {
        return Ok(());
    }
    let values = snapshot.tags(field.id);
    ctx.reply.set(values.len());
    for value in values {
        ctx.reply.bulk(&value);
        ctx.reply.flow();
    }
    Ok(())
}
