//! `XREAD [COUNT count] [MAXCOUNT maxcount] [MAXSIZE maxsize] [BLOCK milliseconds]
//! STREAMS key [key ...] id [id ...]`.

use super::reading::{self, Answer, Request};
use super::{entries, ids};
use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_resp::Proto;
use redpoll_types::stream::{Stream, StreamId};

pub const XREAD: Command = Command {
    spec: Spec {
        name: "xread",
        cost: Some(|keys, args| reading::cost(keys, args)),
        arity: -4,
        flags: Flags::READONLY.with(Flags::BLOCKING),
        keys: &[reading::keys(1)],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Returns the entries of streams behind given ids, or waits for some.",
        complexity: "For each stream O(N) where N is the number of entries returned.",
        args: &[
            reading::COUNT,
            reading::MAXCOUNT,
            reading::MAXSIZE,
            reading::BLOCK,
            reading::STREAMS,
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let request = Request::parse(args, false, ctx.keys.now())?;
    request.check_mode(ctx.mode)?;
    let mut from = Vec::with_capacity(request.streams);
    for (key, word) in request.streams() {
        let log = ctx.keys.read::<Stream>(key)?.map(Stream::log);
        from.push(match word {
            b"$" => log.map_or(StreamId::MIN, |log| log.last_id()),
            // Before the last entry that is there, whatever the last id was.
            b"+" => {
                let last = log.and_then(|log| log.last_entry_id());
                last.and_then(StreamId::previous).unwrap_or_default()
            }
            b">" => {
                return Err(Error::text(
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP \
                     <group> <consumer> option.",
                ));
            }
            _ => ids::id(word)?,
        });
    }
    if matches!(ctx.mode, Mode::Background { .. }) && flow(ctx, &request, &from)? {
        return Ok(());
    }
    let mut answer = Answer::new(&ctx.reply);
    let mut budget = request.budget(&ctx.reply);
    for ((key, _), last) in request.streams().zip(&from) {
        let (Some(stream), Some(next)) = (ctx.keys.write::<Stream>(key)?, last.next()) else {
            continue;
        };
        let mut found = stream.log().range(next, StreamId::MAX).take(request.count).peekable();
        if found.peek().is_none() {
            continue;
        }
        answer.stream(&mut ctx.reply, &mut budget, key, |reply, budget| {
            found
                .take_while(|entry| budget.admit(reply, |reply| entries::entry(reply, entry)))
                .count()
        });
    }
    if answer.finish(&mut ctx.reply) {
        return Ok(());
    }
    // What `$` meant is fixed now.
    request.wait(ctx, Some(from.iter().map(StreamId::to_string).collect()), None)
}

/// Answers an entry at a time, if there are any and their number is known without looking at all of
/// them. Answers whether it did.
fn flow(ctx: &mut Ctx<'_>, request: &Request<'_>, from: &[StreamId]) -> Result<bool> {
    let mut there = Vec::with_capacity(from.len());
    for ((key, _), last) in request.streams().zip(from) {
        let stream = ctx.keys.write::<Stream>(key)?;
        there.push(match (stream, last.next()) {
            (Some(stream), Some(next)) => stream.log().count_between(next, StreamId::MAX),
            _ => 0,
        });
    }
    let Some(shares) = request.shares(there.into_iter()) else { return Ok(false) };
    let streams = shares.iter().filter(|share| **share > 0).count();
    if streams == 0 {
        return Ok(false);
    }
    let Ctx { keys, reply, .. } = ctx;
    match reply.proto() {
        Proto::Resp2 => reply.array(streams),
        Proto::Resp3 => reply.map(streams),
    }
    for (((key, _), last), share) in request.streams().zip(from).zip(shares) {
        let (Some(stream), Some(next), 1..) = (keys.write::<Stream>(key)?, last.next(), share)
        else {
            continue;
        };
        if reply.proto() == Proto::Resp2 {
            reply.array(2);
        }
        reply.bulk(key);
        reply.array(share);
        for entry in stream.log().range(next, StreamId::MAX).take(share) {
            entries::entry(reply, &entry);
            reply.flow();
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, raw3};

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XADD t 3 f v | ";
    const FILLED: &str = "1-0 | 2-0 | 3-0 | ";

    #[test]
    fn reads() {
        check(
            &format!(
                "{FILL}XREAD STREAMS s 0 | XREAD COUNT 1 STREAMS s t none 0 0 0 | \
                 XREAD STREAMS s t 2 0 | XREAD STREAMS s $ | \
                 XREAD BLOCK 5 COUNT 0 STREAMS s t 1 9 | \
                 XREAD STREAMS s t none + + +"
            ),
            &format!(
                "{FILLED}[[s [[1-0 [f v]] [2-0 [f v]]]]] | [[s [[1-0 [f v]]]] [t [[3-0 [f v]]]]] | \
                 [[t [[3-0 [f v]]]]] | nil | [[s [[2-0 [f v]]]]] | \
                 [[s [[2-0 [f v]]]] [t [[3-0 [f v]]]]]"
            ),
        );
        assert_eq!(
            raw3("XADD s 1 f v | XREAD STREAMS s 0 | XREAD STREAMS s 1"),
            "$3\r\n1-0\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n\
             *2\r\n$1\r\nf\r\n$1\r\nv\r\n_\r\n"
        );
    }

    #[test]
    fn budgets() {
        check(
            &format!(
                "{FILL}XREAD MAXCOUNT 1 STREAMS s t 0 0 | XREAD MAXCOUNT 2 STREAMS s t 1 0 | \
                 XREAD MAXSIZE 1 STREAMS s t 0 0 | XREAD MAXSIZE 80 STREAMS s t 0 0 | \
                 XREAD COUNT 2 MAXCOUNT 1 STREAMS s 0 | XREAD MAXCOUNT 0 STREAMS s 0 | \
                 XREAD MAXSIZE -1 STREAMS s 0"
            ),
            &format!(
                "{FILLED}[[s [[1-0 [f v]]]]] | [[s [[2-0 [f v]]]] [t [[3-0 [f v]]]]] | \
                 [[s [[1-0 [f v]]]]] | [[s [[1-0 [f v]] [2-0 [f v]]]]] | \
                 ERR MAXCOUNT must be greater than or equal to COUNT | \
                 ERR MAXCOUNT must be a positive integer | ERR MAXSIZE must be a positive integer"
            ),
        );
    }

    #[test]
    fn refuses() {
        check(
            "XREAD COUNT 1 STREAMS | XREAD STREAMS s | XREAD STREAMS a b 0 | \
             XREAD COUNT x STREAMS s 0 | \
             XREAD BLOCK -1 STREAMS s 0 | XREAD BLOCK x STREAMS s 0 | XREAD STREAMS s x | \
             XREAD STREAMS s > | XREAD GROUP g c STREAMS s 0 | XREAD NOACK STREAMS s 0 | \
             XREAD CLAIM 1 STREAMS s 0 | XREAD COUNT 1 BLOCK 1 | SET k v | XREAD STREAMS k 0",
            "ERR syntax error | ERR wrong number of arguments for 'xread' command | \
             ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be \
             specified. | ERR value is not an integer or out of range | \
             ERR timeout is negative | ERR timeout is not an integer or out of range | \
             ERR Invalid stream ID specified as stream command argument | \
             ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> \
             <consumer> option. | \
             ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead. | \
             ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead. | \
             ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead. | \
             ERR syntax error | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn the_keyword_is_found_behind_the_options() {
        check(
            "XADD streams 1 f v | XREAD STREAMS streams 0 | \
             XREAD COUNT streams STREAMS streams 0 | \
             COMMAND GETKEYS XREAD COUNT 1 STREAMS streams s 0 0",
            "1-0 | [[streams [[1-0 [f v]]]]] | ERR value is not an integer or out of range | \
             [streams s]",
        );
        check(
            "XADD s 1 f v | XGROUP CREATE s streams 0 | \
             XREADGROUP COUNT 1 GROUP streams streams NOACK STREAMS s >",
            "1-0 | OK | [[s [[1-0 [f v]]]]]",
        );
    }
}
