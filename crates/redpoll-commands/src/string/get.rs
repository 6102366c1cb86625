//! `GET key`: the string at `key`.

use crate::cost;
use crate::prelude::*;
use redpoll_keyspace::StrRef;
use std::ops::Range;

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
        Some(StrRef::Long(text)) if text.as_bytes().len() < cost::LONG => {
            ctx.reply.bulk(text.as_bytes());
        }
        Some(StrRef::Long(text)) => {
            let len = text.as_bytes().len();
            return answer_long(ctx, args.at(1), 0..len);
        }
        None => ctx.reply.null(),
    }
    Ok(())
}

/// Answers a part of a string which is so long that copying it takes its time.
#[cold]
pub(super) fn answer_long(ctx: &mut Ctx<'_>, key: &[u8], part: Range<usize>) -> Result {
    // It is looked up once more, here or in the background.
    ctx.keys.effects.hits = ctx.keys.effects.hits.saturating_sub(1);
    if !ctx.leaves(part.len() / cost::BYTES)
        && let Some(text) = ctx.keys.string(key)?
    {
        text.with(|bytes| ctx.reply.long_bulk(bytes.get(part).unwrap_or_default()));
    }
    Ok(())
}
