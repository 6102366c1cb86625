//! `XPENDING key group [[IDLE min-idle-time] start end count [consumer]]`.

use super::{ENTRY, entries, ids};
use crate::cost::FEW;
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_keyspace::Keys;
use redpoll_resp::Reply;
use redpoll_types::stream::{Group as Readers, Pending, Stream, StreamId};

pub const XPENDING: Command = Command {
    spec: Spec {
        name: "xpending",
        cost: Some(cost),
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Shows what was delivered and not yet acknowledged.",
        complexity: "O(N) where N is the number of entries returned, or looked at with IDLE; the \
                     short form O(N) where N is the number of consumers.",
        args: &[
            Arg::key("key", 0),
            Arg::string("group"),
            Arg::block(
                "filters",
                &[
                    Arg::integer("min-idle-time").token("IDLE").optional(),
                    Arg::string("start"),
                    Arg::string("end"),
                    Arg::integer("count"),
                    Arg::string("consumer").optional(),
                ],
            )
            .optional(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// The long form's arguments.
struct Filter<'a> {
    min_idle: i64,
    start: StreamId,
    end: StreamId,
    count: usize,
    consumer: Option<&'a [u8]>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let filter = parse(args)?;
    let (key, name, now) = (args.at(1), args.at(2), ctx.keys.now());
    let stream = ctx.keys.read::<Stream>(key)?;
    let Some(group) = stream.and_then(|stream| stream.group(name)) else {
        return Err(super::no_key_or_group(key, name));
    };
    match filter {
        Some(filter) => list(&mut ctx.reply, group, &filter, now),
        None => summary(&mut ctx.reply, group),
    }
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Option<Filter<'_>>> {
    let mut at = 3;
    match args.len() {
        3 => return Ok(None),
        6..=9 => {}
        _ => return Err(Error::Syntax),
    }
    let mut min_idle = 0;
    if args.is(3, "idle") {
        min_idle = parse::int(args.at(4))?;
        if args.len() < 8 {
            return Err(Error::Syntax);
        }
        at += 2;
    }
    let count = usize::try_from(parse::int(args.at(at + 2))?).unwrap_or(0);
    let (start, end) = (ids::start(args.at(at))?, ids::end(args.at(at + 1))?);
    Ok(Some(Filter { min_idle, start, end, count, consumer: args.get(at + 3) }))
}

/// The entries that are listed; those that are not idle for long enough are looked at, too.
fn cost(keys: &mut Keys<'_>, args: Args<'_>) -> usize {
    let Ok(Some(filter)) = parse(args) else { return 0 };
    if filter.count <= FEW && filter.min_idle == 0 {
        return 0;
    }
    let group = keys.glimpse::<Stream>(args.at(1)).and_then(|stream| stream.group(args.at(2)));
    let pending = group.map_or(0, |group| group.pending_count() as usize);
    if filter.min_idle > 0 { pending } else { pending.min(filter.count) * ENTRY }
}

fn summary(reply: &mut Reply<'_>, group: &Readers) {
    reply.array(4);
    reply.count(group.pending_count() as usize);
    let mut pending = group.pending_from(StreamId::MIN).map(Pending::id);
    let Some(first) = pending.next() else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    entries::id(reply, first);
    entries::id(reply, pending.next_back().unwrap_or(first));
    let busy = || group.consumers().filter(|consumer| consumer.pending_count() > 0);
    reply.array(busy().count());
    for consumer in busy() {
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk_int(consumer.pending_count() as i64);
    }
}

fn list(reply: &mut Reply<'_>, group: &Readers, filter: &Filter<'_>, now: i64) {
    let wanted = |pending: &&Pending| {
        step(1);
        now.saturating_sub(pending.delivered()) >= filter.min_idle
    };
    let all: Box<dyn Iterator<Item = &Pending>> = match filter.consumer {
        None => Box::new(group.pending_from(filter.start)),
        Some(name) => {
            let consumer = group.find_consumer(name).and_then(|id| group.consumer(id));
            let Some(consumer) = consumer else { return reply.array(0) };
            Box::new(consumer.pending_from(filter.start).filter_map(|id| group.get(id)))
        }
    };
    let all = all.take_while(|pending| pending.id() <= filter.end);
    reply.array_later(|reply| {
        let mut count = 0;
        for pending in all.filter(wanted).take(filter.count) {
            reply.array(4);
            entries::id(reply, pending.id());
            reply.bulk(group.owner_name(pending));
            reply.int(match pending.owner() {
                Some(_) => now.saturating_sub(pending.delivered()).max(0),
                None => -1,
            });
            reply.count(pending.deliveries() as usize);
            count += 1;
        }
        count
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XADD s 3 f v | XGROUP CREATE s g 0 | \
                        XREADGROUP GROUP g a COUNT 1 STREAMS s > | ~100 | \
                        XREADGROUP GROUP g b STREAMS s > | ";
    const FILLED: &str = "1-0 | 2-0 | 3-0 | OK | [[s [[1-0 [f v]]]]] | ~ | \
                          [[s [[2-0 [f v]] [3-0 [f v]]]]] | ";

    #[test]
    fn sums_up() {
        check(
            &format!("{FILL}XPENDING s g | XACK s g 1 2 3 | XPENDING s g"),
            &format!("{FILLED}[3 1-0 3-0 [[a 1] [b 2]]] | 3 | [0 nil nil nil]"),
        );
    }

    #[test]
    fn lists() {
        check(
            &format!(
                "{FILL}XPENDING s g - + 9 | XPENDING s g (1 2 9 | XPENDING s g - + 2 b | \
                 XPENDING s g IDLE 1 - + 9 | XPENDING s g IDLE 1 - + 9 b | XPENDING s g - + 9 z | \
                 XPENDING s g - + -1"
            ),
            &format!(
                "{FILLED}[[1-0 a 100 1] [2-0 b 0 1] [3-0 b 0 1]] | [[2-0 b 0 1]] | \
                 [[2-0 b 0 1] [3-0 b 0 1]] | [[1-0 a 100 1]] | [] | [] | []"
            ),
        );
    }

    #[test]
    fn refuses() {
        check(
            "XPENDING s g | XPENDING s g - | XPENDING s g - + | XPENDING s g - + x | \
             XPENDING s g x + 1 | XPENDING s g IDLE x - + 1 | XPENDING s g IDLE 1 - + | \
             XPENDING s g IDLE 1 - + 1 c x | XADD s 1 f v | XPENDING s g",
            "NOGROUP No such key 's' or consumer group 'g' | ERR syntax error | ERR syntax error | \
             ERR value is not an integer or out of range | \
             ERR Invalid stream ID specified as stream command argument | \
             ERR value is not an integer or out of range | ERR syntax error | ERR syntax error | \
             1-0 | NOGROUP No such key 's' or consumer group 'g'",
        );
    }
}
