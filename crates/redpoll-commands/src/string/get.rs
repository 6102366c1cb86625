//! `GET key`: the string at `key`.

use crate::prelude::*;
use redpoll_keyspace::StrRef;

pub const GET: Command = Command {
    spec: Spec {
        name: "get",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::String,
        since: "1.0.0",
        summary: "Returns the string value of a key.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    match ctx.keys.string(args.at(1))? {
        Some(StrRef::Short(bytes)) => ctx.reply.bulk(bytes),
        Some(StrRef::Int(value)) => ctx.reply.bulk_int(value),
        Some(StrRef::Long(text)) => ctx.reply.bulk(text.as_bytes()),
        None => ctx.reply.null(),
    }
    Ok(())
}
