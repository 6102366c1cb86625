//! `XGROUP CREATECONSUMER key group consumer` and `XGROUP DELCONSUMER key group consumer`.

use super::super::{ENTRY, changed_group, no_group};
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub(super) const CREATECONSUMER: Command = Command {
    spec: Spec {
        name: "createconsumer",
        arity: 5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(2).rw().insert()],
        since: "6.2.0",
        summary: "Makes a consumer.",
        args: &[Arg::key("key", 0), Arg::string("group"), Arg::string("consumer")],
        ..super::SHARED
    },
    run: create,
};

pub(super) const DELCONSUMER: Command = Command {
    spec: Spec {
        name: "delconsumer",
        cost: Some(|keys, args| {
            let stream = keys.glimpse::<Stream>(args.at(2));
            let group = stream.and_then(|stream| stream.group(args.at(3)));
            let consumer = group.and_then(|group| group.consumer(group.find_consumer(args.at(4))?));
            consumer.map_or(0, |consumer| consumer.pending_count() as usize * ENTRY)
        }),
        groups: Some(|_| false),
        arity: 5,
        keys: &[KeySpec::at(2).rw().delete()],
        summary: "Removes a consumer with all that it has pending.",
        complexity: "O(N) where N is the number of its pending entries.",
        args: &[Arg::key("key", 0), Arg::string("group"), Arg::string("consumer")],
        ..super::SHARED
    },
    run: delete,
};

fn create(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, name, now) = (args.at(2), args.at(3), ctx.keys.now());
    let group = super::stream(ctx, key)?.group_mut(name);
    let (group, _) = group.ok_or_else(|| no_group(key, name))?;
    let (_, new) = group.consumer_or_new(args.at(4), now);
    if new {
        changed_group(ctx, key, Some("xgroup-createconsumer"), 1);
    }
    ctx.reply.int_bool(new);
    Ok(())
}

fn delete(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, name) = (args.at(2), args.at(3));
    let group = super::stream(ctx, key)?.group_mut(name);
    let (group, _) = group.ok_or_else(|| no_group(key, name))?;
    let removed = group.remove_consumer(args.at(4));
    if removed.is_some() {
        changed_group(ctx, key, Some("xgroup-delconsumer"), 1);
    }
    ctx.reply.count(removed.unwrap_or(0) as usize);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn consumers_come_and_go() {
        check(
            "XADD s 1 f v | XGROUP CREATE s g 0 | XGROUP CREATECONSUMER s g c | \
             XGROUP CREATECONSUMER s g c | XREADGROUP GROUP g c STREAMS s > | \
             XGROUP DELCONSUMER s g d | XGROUP DELCONSUMER s g c | XPENDING s g | \
             XINFO CONSUMERS s g | XGROUP CREATECONSUMER s h c | XGROUP DELCONSUMER s h c",
            "1-0 | OK | 1 | 0 | [[s [[1-0 [f v]]]]] | 0 | 1 | [0 nil nil nil] | [] | \
             NOGROUP No such consumer group 'h' for key name 's' | \
             NOGROUP No such consumer group 'h' for key name 's'",
        );
    }
}
