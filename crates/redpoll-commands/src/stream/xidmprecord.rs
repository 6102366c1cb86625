//! `XIDMPRECORD key pid iid stream-id`: what the change log gets of an XADD with IDMP.

use super::ids;
use super::xadd::default_limits;
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub const XIDMPRECORD: Command = Command {
    spec: Spec {
        name: "xidmprecord",
        arity: 5,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Stream,
        since: "8.6.2",
        summary: "Remembers that a producer has added an entry under an id of its own.",
        args: &[
            Arg::key("key", 0),
            Arg::string("pid"),
            Arg::string("iid"),
            Arg::string("stream-id"),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, producer, own, now) = (args.at(1), args.at(2), args.at(3), ctx.keys.now());
    if producer.is_empty() || own.is_empty() {
        return Err(Error::text("ERR producer ID and idempotent ID must not be empty"));
    }
    let id = ids::id(args.at(4))?;
    let default = default_limits(ctx);
    let stream = ctx.keys.write::<Stream>(key)?.ok_or(Error::NoSuchKey)?;
    if !stream.log().contains(id) {
        return Err(Error::text("ERR no such entry in the stream"));
    }
    match stream.producers().and_then(|producers| producers.get(producer, own)) {
        Some(known) if known != id => {
            return Err(Error::text("ERR the idempotent ID belongs to another entry"));
        }
        Some(_) => {}
        None => {
            stream.producers_mut(default).record(producer, own, id, now.unsigned_abs());
            super::changed_group(ctx, key, None, 1);
        }
    }
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn records() {
        check(
            "XADD s * f v | XIDMPRECORD s p 1 1700000000000-0 | XADD s IDMP p 1 * f v | \
             XIDMPRECORD s p 1 1700000000000-0 | XADD s * f v | \
             XIDMPRECORD s p 1 1700000000000-1",
            "1700000000000-0 | OK | 1700000000000-0 | OK | 1700000000000-1 | \
             ERR the idempotent ID belongs to another entry",
        );
        check(
            "XIDMPRECORD s p 1 1 | XADD s 5 f v | XIDMPRECORD s p 1 1 | XIDMPRECORD s '' 1 5 | \
             XIDMPRECORD s p '' 5 | XIDMPRECORD s p 1 x",
            "ERR no such key | 5-0 | ERR no such entry in the stream | \
             ERR producer ID and idempotent ID must not be empty | \
             ERR producer ID and idempotent ID must not be empty | \
             ERR Invalid stream ID specified as stream command argument",
        );
    }
}
