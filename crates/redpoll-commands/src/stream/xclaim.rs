//! `XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds]
//! [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]`.

use super::group_log::GroupLog;
use super::{ENTRY, entries, ids};
use crate::cost::FEW;
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_keyspace::Keys;
use redpoll_types::stream::{Stream, StreamId};

pub const XCLAIM: Command = Command {
    spec: Spec {
        name: "xclaim",
        cost: Some(cost),
        groups: Some(|_| false),
        arity: -6,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Gives pending entries to another consumer.",
        complexity: "O(log N) for each entry, N being the pending entries of the group.",
        args: &[
            Arg::key("key", 0),
            Arg::string("group"),
            Arg::string("consumer"),
            Arg::string("min-idle-time"),
            Arg::string("id").multiple(),
            Arg::integer("ms").token("IDLE").optional(),
            Arg::unix_time("unix-time-milliseconds").token("TIME").optional(),
            Arg::integer("count").token("RETRYCOUNT").optional(),
            Arg::flag("force", "FORCE").optional(),
            Arg::flag("justid", "JUSTID").optional(),
            Arg::string("lastid").token("LASTID").optional(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// What was asked for.
/// The ids. One that is not there yet could be added meanwhile: then it does not leave.
fn cost(keys: &mut Keys<'_>, args: Args<'_>) -> usize {
    if args.len() <= FEW {
        return 0;
    }
    let Some(stream) = keys.glimpse::<Stream>(args.at(1)) else { return 0 };
    let last = stream.log().last_id();
    let ids = args.iter_from(5).map_while(|word| ids::id(word).ok());
    if ids.clone().all(|id| id <= last) { ids.count() * ENTRY } else { 0 }
}

#[derive(Default)]
struct Request {
    min_idle: i64,
    ids: Vec<StreamId>,
    /// When the entries count as delivered.
    time: i64,
    retry_count: Option<u64>,
    force: bool,
    just_ids: bool,
    last_id: StreamId,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, name, now) = (args.at(1), args.at(2), ctx.keys.now());
    let mut changes = GroupLog::new(ctx, key, name);
    let stream = ctx.keys.write::<Stream>(key)?;
    let Some((group, log)) = stream.and_then(|stream| stream.group_mut(name)) else {
        return Err(super::no_key_or_group(key, name));
    };
    let request = parse(args, now)?;
    let mut dirty = 0;
    let moved = group.advance_to(request.last_id);
    let (consumer, new) = group.consumer_or_new(args.at(3), now);
    if new {
        changes.new_consumer(args.at(3));
    }
    group.saw(consumer, now);
    ctx.reply.array_later(|reply| {
        let mut claimed = 0;
        for &id in &request.ids {
            step(1);
            let held = group.get(id).copied();
            let Some(entry) = log.get(id) else {
                if group.acknowledge(id) {
                    changes.gone(id);
                    dirty += 1;
                }
                continue;
            };
            let deliveries = match held {
                None if !request.force => continue,
                // As if it had been delivered once already.
                None => 1,
                Some(held) => {
                    let idle = now.saturating_sub(held.delivered());
                    if held.owner().is_some() && idle < request.min_idle {
                        continue;
                    }
                    held.deliveries()
                }
            };
            let more = u64::from(!request.just_ids);
            let deliveries = request.retry_count.unwrap_or(deliveries.saturating_add(more));
            group.assign(id, consumer, request.time, deliveries);
            group.gave(consumer, now);
            match request.just_ids {
                true => entries::id(reply, id),
                false => entries::entry(reply, &entry),
            }
            changes.owner(group, id);
            claimed += 1;
        }
        dirty += claimed as u64;
        claimed
    });
    if moved && dirty == 0 {
        changes.position(group);
        dirty += 1;
    }
    changes.write(ctx);
    super::changed_group(ctx, key, None, dirty);
    if new {
        super::changed_group(ctx, key, Some("xgroup-createconsumer"), 1);
    }
    Ok(())
}

fn parse(args: Args<'_>, now: i64) -> Result<Request> {
    let invalid = |what: &str| Error::text(format!("ERR Invalid {what} argument for XCLAIM"));
    let min_idle = parse::int(args.at(4)).map_err(|_| invalid("min-idle-time"))?;
    let mut request = Request { min_idle: min_idle.max(0), time: now, ..Request::default() };
    let mut at = 5;
    while let Some(Ok(id)) = args.get(at).map(ids::id) {
        request.ids.push(id);
        at += 1;
    }
    while let Some(word) = args.get(at) {
        let number = |what| match args.get(at + 1) {
            Some(word) => parse::int(word).map_err(|_| invalid(what)),
            None => Err(unknown(word)),
        };
        let mut words = 2;
        match word {
            _ if parse::is(word, "force") => (request.force, words) = (true, 1),
            _ if parse::is(word, "justid") => (request.just_ids, words) = (true, 1),
            _ if parse::is(word, "idle") => {
                request.time = now.saturating_sub(number("IDLE option")?);
            }
            _ if parse::is(word, "time") => request.time = number("TIME option")?,
            _ if parse::is(word, "retrycount") => {
                request.retry_count = u64::try_from(number("RETRYCOUNT option")?).ok();
            }
            _ if parse::is(word, "lastid") => {
                request.last_id = ids::id(args.get(at + 1).ok_or_else(|| unknown(word))?)?;
            }
            _ => return Err(unknown(word)),
        }
        at += words;
    }
    if !(0..=now).contains(&request.time) {
        request.time = now;
    }
    Ok(request)
}

fn unknown(word: &[u8]) -> Error {
    let word = String::from_utf8_lossy(word);
    Error::text(format!("ERR Unrecognized XCLAIM option '{word}'"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XADD s 3 f v | XGROUP CREATE s g 0 | \
                        XREADGROUP GROUP g a COUNT 2 STREAMS s > | ~100 | ";
    const FILLED: &str = "1-0 | 2-0 | 3-0 | OK | [[s [[1-0 [f v]] [2-0 [f v]]]]] | ~ | ";

    #[test]
    fn claims() {
        check(
            &format!(
                "{FILL}XCLAIM s g b 101 1 | XCLAIM s g b 100 1 9 3 | XCLAIM s g b 0 2 JUSTID | \
                 XPENDING s g - + 9 | XCLAIM s g b 0 3 FORCE | XPENDING s g - + 9 b"
            ),
            &format!(
                "{FILLED}[] | [[1-0 [f v]]] | [2-0] | [[1-0 b 0 2] [2-0 b 0 1]] | [[3-0 [f v]]] | \
                 [[1-0 b 0 2] [2-0 b 0 1] [3-0 b 0 2]]"
            ),
        );
    }

    #[test]
    fn options() {
        check(
            &format!(
                "{FILL}XCLAIM s g b 0 1 IDLE 70 RETRYCOUNT 7 | XPENDING s g - + 1 | \
                 XCLAIM s g b 0 1 TIME 1700000000099 JUSTID | XPENDING s g - + 1 | \
                 XCLAIM s g b 0 1 TIME -5 RETRYCOUNT -1 JUSTID | XPENDING s g - + 1 | \
                 XCLAIM s g b 0 9 LASTID 3 | XREADGROUP GROUP g a STREAMS s >"
            ),
            &format!(
                "{FILLED}[[1-0 [f v]]] | [[1-0 b 70 7]] | [1-0] | [[1-0 b 1 7]] | [1-0] | \
                 [[1-0 b 0 7]] | [] | nil"
            ),
        );
    }

    #[test]
    fn entries_that_are_gone_are_no_longer_pending() {
        check(
            &format!("{FILL}XDEL s 1 | XCLAIM s g b 0 1 2 JUSTID | XPENDING s g"),
            &format!("{FILLED}1 | [2-0] | [1 2-0 2-0 [[b 1]]]"),
        );
    }

    #[test]
    fn refuses() {
        const NO: &str = "NOGROUP No such key 's' or consumer group 'g'";
        check(
            "XCLAIM s g c 0 1 | XADD s 1 f v | XCLAIM s g c x 1 | XGROUP CREATE s g 0 | \
             XCLAIM s g c x 1 | XCLAIM s g c 0 1 IDLE x | XCLAIM s g c 0 1 TIME x | \
             XCLAIM s g c 0 1 RETRYCOUNT x | XCLAIM s g c 0 1 LATER | XCLAIM s g c 0 1 IDLE | \
             XCLAIM s g c 0 1 LASTID x | XCLAIM s g c -1 1",
            &format!(
                "{NO} | 1-0 | {NO} | OK | ERR Invalid min-idle-time argument for XCLAIM | \
                 ERR Invalid IDLE option argument for XCLAIM | \
                 ERR Invalid TIME option argument for XCLAIM | \
                 ERR Invalid RETRYCOUNT option argument for XCLAIM | \
                 ERR Unrecognized XCLAIM option 'LATER' | ERR Unrecognized XCLAIM option 'IDLE' | \
                 ERR Invalid stream ID specified as stream command argument | []"
            ),
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "XADD s 1 f v | XGROUP CREATE s g 0 | XCLAIM s g a 0 1 FORCE | \
             XCLAIM s g a 0 9 LASTID 5",
            "new s, xadd s, xgroup-create s, xgroup-createconsumer s",
            5,
        );
    }
}
