//! `XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]`.

use super::group_log::GroupLog;
use super::{ENTRY, entries, ids};
use crate::cost::{FEW, option};
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_keyspace::Keys;
use redpoll_types::stream::{Stream, StreamId};

pub const XAUTOCLAIM: Command = Command {
    spec: Spec {
        name: "xautoclaim",
        cost: Some(cost),
        groups: Some(|_| false),
        arity: -6,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::Stream,
        since: "6.2.0",
        summary: "Gives entries that are pending for long to another consumer, step by step.",
        complexity: "O(1) if the count is small.",
        args: &[
            Arg::key("key", 0),
            Arg::string("group"),
            Arg::string("consumer"),
            Arg::string("min-idle-time"),
            Arg::string("start"),
            Arg::integer("count").token("COUNT").optional(),
            Arg::flag("justid", "JUSTID").optional(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// For each entry that is wanted, so many pending ones are looked at.
const LOOKS: usize = 10;

/// As many as a COUNT asks for, of those that are pending behind the start.
fn cost(keys: &mut Keys<'_>, args: Args<'_>) -> usize {
    let count = option(args, 6, "count");
    if count <= FEW {
        return 0;
    }
    let group = keys.glimpse::<Stream>(args.at(1)).and_then(|stream| stream.group(args.at(2)));
    match (group, ids::start(args.at(5))) {
        (Some(group), Ok(start)) => count.min(group.pending_count_from(start) as usize) * ENTRY,
        _ => 0,
    }
}

/// What was asked for.
struct Request {
    min_idle: i64,
    start: StreamId,
    count: usize,
    just_ids: bool,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let Request { min_idle, start, count, just_ids } = parse(args)?;
    let (key, name, now) = (args.at(1), args.at(2), ctx.keys.now());
    let mut changes = GroupLog::new(ctx, key, name);
    let stream = ctx.keys.write::<Stream>(key)?;
    let Some((group, log)) = stream.and_then(|stream| stream.group_mut(name)) else {
        return Err(super::no_key_or_group(key, name));
    };
    let (consumer, new) = group.consumer_or_new(args.at(3), now);
    if new {
        changes.new_consumer(args.at(3));
    }
    group.saw(consumer, now);
    let (mut claimed, mut gone) = (Vec::new(), Vec::new());
    let mut at = Some(start);
    for _ in 0..count.saturating_mul(LOOKS) {
        step(1);
        let next = at.and_then(|at| group.pending_from(at).next().copied());
        let Some(pending) = next.filter(|_| claimed.len() + gone.len() < count) else { break };
        let id = pending.id();
        at = id.next();
        if !log.contains(id) {
            group.acknowledge(id);
            changes.gone(id);
            gone.push(id);
        } else if now.saturating_sub(pending.delivered()) >= min_idle {
            let deliveries = pending.deliveries().saturating_add(u64::from(!just_ids));
            group.assign(id, consumer, now, deliveries);
            group.gave(consumer, now);
            changes.owner(group, id);
            claimed.push(id);
        }
    }
    let next = at.and_then(|at| group.pending_from(at).next().map(|pending| pending.id()));
    let reply = &mut ctx.reply;
    reply.array(3);
    entries::id(reply, next.unwrap_or_default());
    reply.array(claimed.len());
    for &id in &claimed {
        match log.get(id).filter(|_| !just_ids) {
            Some(entry) => entries::entry(reply, &entry),
            None => entries::id(reply, id),
        }
    }
    reply.array(gone.len());
    gone.iter().for_each(|id| entries::id(reply, *id));
    changes.write(ctx);
    super::changed_group(ctx, key, None, (claimed.len() + gone.len()) as u64);
    if new {
        super::changed_group(ctx, key, Some("xgroup-createconsumer"), 1);
    }
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Request> {
    let min_idle = parse::int(args.at(4))
        .map_err(|_| Error::text("ERR Invalid min-idle-time argument for XAUTOCLAIM"))?;
    let start = ids::start(args.at(5))?;
    let mut request = Request { min_idle: min_idle.max(0), start, count: 100, just_ids: false };
    let mut at = 6;
    while let Some(word) = args.get(at) {
        match args.get(at + 1) {
            Some(count) if parse::is(word, "count") => {
                let count =
                    parse::int(count).ok().filter(|count| (1..=i64::MAX / 16).contains(count));
                request.count = count.ok_or(Error::text("ERR COUNT must be > 0"))? as usize;
                at += 2;
            }
            _ if parse::is(word, "justid") => {
                request.just_ids = true;
                at += 1;
            }
            _ => return Err(Error::Syntax),
        }
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XADD s 3 f v | XGROUP CREATE s g 0 | \
                        XREADGROUP GROUP g a STREAMS s > | ~100 | ";
    const FILLED: &str =
        "1-0 | 2-0 | 3-0 | OK | [[s [[1-0 [f v]] [2-0 [f v]] [3-0 [f v]]]]] | ~ | ";

    #[test]
    fn claims_step_by_step() {
        check(
            &format!(
                "{FILL}XAUTOCLAIM s g b 101 - | XAUTOCLAIM s g b 100 0 COUNT 2 | \
                 XAUTOCLAIM s g b 100 3 COUNT 2 JUSTID | XPENDING s g - + 9"
            ),
            &format!(
                "{FILLED}[0-0 [] []] | [3-0 [[1-0 [f v]] [2-0 [f v]]] []] | [0-0 [3-0] []] | \
                 [[1-0 b 0 2] [2-0 b 0 2] [3-0 b 0 1]]"
            ),
        );
    }

    #[test]
    fn finds_what_is_gone() {
        check(
            &format!(
                "{FILL}XDEL s 1 3 | XAUTOCLAIM s g b 0 - COUNT 1 | XAUTOCLAIM s g b 0 - | \
                 XPENDING s g"
            ),
            &format!(
                "{FILLED}2 | [2-0 [] [1-0]] | [0-0 [[2-0 [f v]]] [3-0]] | [1 2-0 2-0 [[b 1]]]"
            ),
        );
    }

    #[test]
    fn refuses() {
        check(
            "XAUTOCLAIM s g c x - | XAUTOCLAIM s g c 0 x | XAUTOCLAIM s g c 0 - COUNT 0 | \
             XAUTOCLAIM s g c 0 - COUNT x | XAUTOCLAIM s g c 0 - LATER | XAUTOCLAIM s g c 0 -",
            "ERR Invalid min-idle-time argument for XAUTOCLAIM | \
             ERR Invalid stream ID specified as stream command argument | ERR COUNT must be > 0 | \
             ERR COUNT must be > 0 | ERR syntax error | \
             NOGROUP No such key 's' or consumer group 'g'",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "XADD s 1 f v | XGROUP CREATE s g 0 | XREADGROUP GROUP g a STREAMS s > | \
             XAUTOCLAIM s g b 0 -",
            "new s, xadd s, xgroup-create s, xgroup-createconsumer s, xgroup-createconsumer s",
            6,
        );
    }
}
