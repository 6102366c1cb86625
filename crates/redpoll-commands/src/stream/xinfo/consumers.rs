//! `XINFO CONSUMERS key group`.

use super::super::no_group;
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub(super) const CONSUMERS: Command = Command {
    spec: Spec {
        name: "consumers",
        arity: 4,
        summary: "Shows the consumers of a group.",
        complexity: "O(N) where N is the number of consumers.",
        args: &[Arg::key("key", 0), Arg::string("group")],
        tips: &["nondeterministic_output"],
        ..super::SHARED
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, name, now) = (args.at(2), args.at(3), ctx.keys.now());
    let stream = ctx.keys.read::<Stream>(key)?.ok_or(Error::NoSuchKey)?;
    let group = stream.group(name).ok_or_else(|| no_group(key, name))?;
    let reply = &mut ctx.reply;
    reply.array(group.consumer_count());
    for consumer in group.consumers() {
        reply.map(4);
        reply.bulk(b"name");
        reply.bulk(consumer.name());
        reply.bulk(b"pending");
        reply.count(consumer.pending_count() as usize);
        reply.bulk(b"idle");
        reply.int(now.saturating_sub(consumer.seen()).max(0));
        reply.bulk(b"inactive");
        reply.int(consumer.active().map_or(-1, |active| now.saturating_sub(active)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn shows_consumers() {
        check(
            "XADD s 1 f v | XGROUP CREATE s g 0 | XREADGROUP GROUP g b STREAMS s > | ~50 | \
             XREADGROUP GROUP g a STREAMS s > | ~7 | XINFO CONSUMERS s g | \
             XINFO CONSUMERS s h | XINFO CONSUMERS t g",
            "1-0 | OK | [[s [[1-0 [f v]]]]] | ~ | nil | ~ | \
             [[name a pending 0 idle 7 inactive -1] [name b pending 1 idle 57 inactive 57]] | \
             NOGROUP No such consumer group 'h' for key name 's' | ERR no such key",
        );
    }
}
