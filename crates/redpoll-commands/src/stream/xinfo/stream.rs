//! `XINFO STREAM key [FULL [COUNT count]]`.

use super::super::{ENTRY, entries};
use crate::cost::FEW;
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_resp::Reply;
use redpoll_types::stream::{Consumer, Group as Readers, Producers, Stream, StreamId};

pub(super) const STREAM: Command = Command {
    spec: Spec {
        name: "stream",
        cost: Some(cost),
        arity: -3,
        summary: "Shows a stream, or all that is in it.",
        complexity: "O(1); with FULL O(N) where N is the number of entries shown.",
        args: &[
            Arg::key("key", 0),
            Arg::block(
                "full-block",
                &[Arg::flag("full", "FULL"), Arg::integer("count").token("COUNT").optional()],
            )
            .optional(),
        ],
        ..super::SHARED
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let stream = ctx.keys.read::<Stream>(args.at(2))?.ok_or(Error::NoSuchKey)?;
    let full = parse(args)?;
    let reply = &mut ctx.reply;
    // What concerns producers is shown where there are any, or where XCFGSET was used.
    let more = if stream.producers().is_some() { 6 } else { 0 };
    reply.map(more + if full.is_some() { 9 } else { 10 });
    numbers(reply, stream);
    if let Some(known) = stream.producers() {
        producers(reply, known);
    }
    match full {
        None => ends(reply, stream),
        Some(count) => {
            reply.bulk(b"entries");
            entries::all(reply, stream.log().iter().take(count));
            reply.bulk(b"groups");
            reply.array(stream.group_count());
            for (name, group) in stream.groups() {
                self::group(reply, stream, (name, group), count);
            }
        }
    }
    Ok(())
}

/// What FULL shows: entries, and what is pending, for the groups as for their consumers.
fn cost(keys: &mut Keys<'_>, args: Args<'_>) -> usize {
    let Some(most) = parse(args).ok().flatten().filter(|most| *most > FEW) else { return 0 };
    let Some(stream) = keys.glimpse::<Stream>(args.at(2)) else { return 0 };
    let pending = stream.groups().map(|(_, group)| (group.pending_count() as usize).min(most));
    ((stream.log().len() as usize).min(most) + 2 * pending.sum::<usize>()) * ENTRY
}

/// With FULL, how much of everything is shown.
fn parse(args: Args<'_>) -> Result<Option<usize>> {
    match args.len() {
        3 => Ok(None),
        4 if args.is(3, "full") => Ok(Some(10)),
        6 if args.is(3, "full") && args.is(4, "count") => Ok(Some(match parse::int(args.at(5))? {
            0 => usize::MAX,
            count => usize::try_from(count).unwrap_or(10),
        })),
        _ => Err(parse::bad_subcommand(args)),
    }
}

fn numbers(reply: &mut Reply<'_>, stream: &Stream) {
    let log = stream.log();
    for (name, number) in [
        ("length", log.len() as usize),
        ("radix-tree-keys", log.node_count()),
        ("radix-tree-nodes", log.node_count() + 1),
    ] {
        reply.bulk(name.as_bytes());
        reply.count(number);
    }
    reply.bulk(b"last-generated-id");
    entries::id(reply, log.last_id());
    reply.bulk(b"max-deleted-entry-id");
    entries::id(reply, log.max_deleted_id());
    reply.bulk(b"entries-added");
    reply.count(log.added() as usize);
    reply.bulk(b"recorded-first-entry-id");
    entries::id(reply, log.first_id());
}

fn producers(reply: &mut Reply<'_>, producers: &Producers) {
    let limits = producers.limits();
    for (name, number) in [
        ("idmp-duration", limits.seconds as usize),
        ("idmp-maxsize", limits.ids),
        ("pids-tracked", producers.producer_count()),
        ("iids-tracked", producers.id_count()),
        ("iids-added", producers.added() as usize),
        ("iids-duplicates", producers.duplicates() as usize),
    ] {
        reply.bulk(name.as_bytes());
        reply.count(number);
    }
}

fn ends(reply: &mut Reply<'_>, stream: &Stream) {
    let log = stream.log();
    reply.bulk(b"groups");
    reply.count(stream.group_count());
    reply.bulk(b"first-entry");
    entries::entry_or_null(reply, log.iter().next());
    reply.bulk(b"last-entry");
    entries::entry_or_null(reply, log.range_back(StreamId::MIN, StreamId::MAX).next());
}

fn group(reply: &mut Reply<'_>, stream: &Stream, (name, group): (&[u8], &Readers), count: usize) {
    reply.map(8);
    reply.bulk(b"name");
    reply.bulk(name);
    reply.bulk(b"last-delivered-id");
    entries::id(reply, group.last_delivered());
    reply.bulk(b"entries-read");
    super::number_or_null(reply, group.entries_read());
    reply.bulk(b"lag");
    super::number_or_null(reply, stream.lag(group));
    reply.bulk(b"pel-count");
    reply.count(group.pending_count() as usize);
    reply.bulk(b"nacked-count");
    reply.count(group.released_count() as usize);
    reply.bulk(b"pending");
    reply.array(count.min(group.pending_count() as usize));
    for pending in group.pending_from(StreamId::MIN).take(count) {
        reply.array(4);
        entries::id(reply, pending.id());
        reply.bulk(group.owner_name(pending));
        reply.int(pending.delivered());
        reply.count(pending.deliveries() as usize);
    }
    reply.bulk(b"consumers");
    reply.array(group.consumer_count());
    for consumer in group.consumers() {
        self::consumer(reply, group, consumer, count);
    }
}

fn consumer(reply: &mut Reply<'_>, group: &Readers, consumer: &Consumer, count: usize) {
    reply.map(5);
    reply.bulk(b"name");
    reply.bulk(consumer.name());
    reply.bulk(b"seen-time");
    reply.int(consumer.seen());
    reply.bulk(b"active-time");
    reply.int(consumer.active().unwrap_or(-1));
    reply.bulk(b"pel-count");
    reply.count(consumer.pending_count() as usize);
    reply.bulk(b"pending");
    reply.array(count.min(consumer.pending_count() as usize));
    for id in consumer.pending_from(StreamId::MIN).take(count) {
        reply.array(3);
        entries::id(reply, id);
        reply.int(group.get(id).map_or(0, |pending| pending.delivered()));
        reply.count(group.get(id).map_or(0, |pending| pending.deliveries()) as usize);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    const FILL: &str = "XADD s 1 f v | XADD s IDMP p i * f v | XADD s 1700000000001 f v | \
                        XDEL s 1700000000001 | XGROUP CREATE s g 0 | \
                        XREADGROUP GROUP g c STREAMS s > | ";
    const FILLED: &str = "1-0 | 1700000000000-0 | 1700000000001-0 | 1 | OK | \
                          [[s [[1-0 [f v]] [1700000000000-0 [f v]]]]] | ";
    const NUMBERS: &str = "length 2 radix-tree-keys 1 radix-tree-nodes 2 last-generated-id \
                           1700000000001-0 max-deleted-entry-id 1700000000001-0 entries-added 3 \
                           recorded-first-entry-id 1-0 idmp-duration 100 idmp-maxsize 100 \
                           pids-tracked 1 iids-tracked 1 iids-added 1 iids-duplicates 0";

    #[test]
    fn shows_the_stream() {
        check(
            &format!("{FILL}XINFO STREAM s"),
            &format!(
                "{FILLED}[{NUMBERS} groups 1 first-entry [1-0 [f v]] \
                 last-entry [1700000000000-0 [f v]]]"
            ),
        );
    }

    #[test]
    fn shows_all() {
        check(
            &format!("{FILL}XINFO STREAM s FULL COUNT 1"),
            &format!(
                "{FILLED}[{NUMBERS} entries [[1-0 [f v]]] groups [[name g last-delivered-id \
                 1700000000000-0 entries-read nil lag nil pel-count 2 nacked-count 0 pending \
                 [[1-0 c 1700000000000 1]] consumers [[name c seen-time 1700000000000 active-time \
                 1700000000000 pel-count 2 pending [[1-0 1700000000000 1]]]]]]]"
            ),
        );
    }

    #[test]
    fn refuses() {
        const WORDS: &str = "ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try \
                             XINFO HELP.";
        check(
            "XINFO STREAM s | XADD s 1 f v | XINFO STREAM s OTHER | XINFO STREAM s FULL COUNT | \
             XINFO STREAM s FULL COUNT x | XINFO STREAM | SET t v | XINFO STREAM t",
            &format!(
                "ERR no such key | 1-0 | {WORDS} | {WORDS} | \
                 ERR value is not an integer or out of range | \
                 ERR wrong number of arguments for 'xinfo|stream' command | OK | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }
}
