//! `XRANGE key start end [COUNT count]` and `XREVRANGE key end start [COUNT count]`.

use super::{ENTRY, entries, ids};
use crate::cost::FEW;
use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_keyspace::Keys;
use redpoll_types::stream::{Stream, StreamId};

pub const XRANGE: Command = Command {
    spec: Spec {
        name: "xrange",
        cost: Some(|keys, args| cost(keys, args, false)),
        summary: "Returns the entries of a range of ids.",
        args: &[
            Arg::key("key", 0),
            Arg::string("start"),
            Arg::string("end"),
            Arg::integer("count").token("COUNT").optional(),
        ],
        ..SHARED
    },
    run: |ctx, args| run(ctx, args, false),
};

pub const XREVRANGE: Command = Command {
    spec: Spec {
        name: "xrevrange",
        cost: Some(|keys, args| cost(keys, args, true)),
        summary: "Returns the entries of a range of ids, the last one first.",
        args: &[
            Arg::key("key", 0),
            Arg::string("end"),
            Arg::string("start"),
            Arg::integer("count").token("COUNT").optional(),
        ],
        ..SHARED
    },
    run: |ctx, args| run(ctx, args, true),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    arity: -4,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::Stream,
    since: "5.0.0",
    complexity: "O(N) where N is the number of entries returned.",
    ..Spec::EMPTY
};

/// The first id and the last.
fn span(args: Args<'_>, backwards: bool) -> Result<(StreamId, StreamId)> {
    let (start, end) = if backwards { (3, 2) } else { (2, 3) };
    Ok((ids::start(args.at(start))?, ids::end(args.at(end))?))
}

/// The entries in the range; an entry costs as much as some elements.
fn cost(keys: &Keys<'_>, args: Args<'_>, backwards: bool) -> usize {
    let Some(stream) = keys.glimpse::<Stream>(args.at(1)) else { return 0 };
    let (Ok(most), Ok((start, end))) = (count(args), span(args, backwards)) else { return 0 };
    let log = stream.log();
    let few = most.min(log.len() as usize);
    if few <= FEW { few * ENTRY } else { most.min(log.about_between(start, end) as usize) * ENTRY }
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, backwards: bool) -> Result {
    let (start, end) = span(args, backwards)?;
    let count = count(args)?;
    let Some(stream) = ctx.keys.read::<Stream>(args.at(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    if count == 0 {
        ctx.reply.null_array();
        return Ok(());
    }
    let log = stream.log();
    if matches!(ctx.mode, Mode::Background { .. }) {
        // Counted first, so that the answer can go to the client as it comes.
        ctx.reply.array(count.min(log.count_between(start, end) as usize));
    }
    let found = if backwards { log.range_back(start, end) } else { log.range(start, end) };
    match ctx.mode {
        Mode::Background { .. } => found.take(count).for_each(|found| {
            entries::entry(&mut ctx.reply, &found);
            ctx.reply.flow();
        }),
        _ => entries::all(&mut ctx.reply, found.take(count)),
    }
    Ok(())
}

/// How many entries to return at most.
fn count(args: Args<'_>) -> Result<usize> {
    let (mut count, mut at) = (usize::MAX, 4);
    while at < args.len() {
        if !args.is(at, "count") || at + 1 == args.len() {
            return Err(Error::Syntax);
        }
        count = usize::try_from(parse::int(args.at(at + 1))?).unwrap_or(0);
        at += 2;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, raw3};

    const FILL: &str = "XADD s 1-1 a 1 | XADD s 1-2 a 2 b x | XADD s 2-0 c 3 | ";
    const FILLED: &str = "1-1 | 1-2 | 2-0 | ";

    #[test]
    fn ranges() {
        check(
            &format!(
                "{FILL}XRANGE s - + | XREVRANGE s + - | XRANGE s 1 1 | XRANGE s 1-2 2 | \
                 XRANGE s (1-1 (2-0 | XREVRANGE s (2 (1-1 | XRANGE s 3 + | XRANGE s 2 1"
            ),
            &format!(
                "{FILLED}[[1-1 [a 1]] [1-2 [a 2 b x]] [2-0 [c 3]]] | \
                 [[2-0 [c 3]] [1-2 [a 2 b x]] [1-1 [a 1]]] | [[1-1 [a 1]] [1-2 [a 2 b x]]] | \
                 [[1-2 [a 2 b x]] [2-0 [c 3]]] | [[1-2 [a 2 b x]]] | \
                 [[2-0 [c 3]] [1-2 [a 2 b x]]] | [] | []"
            ),
        );
    }

    #[test]
    fn counts() {
        check(
            &format!(
                "{FILL}XRANGE s - + COUNT 1 | XREVRANGE s + - COUNT 1 | XRANGE s - + COUNT 0 | \
                 XRANGE s - + COUNT -3 | XRANGE s - + COUNT 9 COUNT 1 | XRANGE none - + COUNT 0"
            ),
            &format!("{FILLED}[[1-1 [a 1]]] | [[2-0 [c 3]]] | nil | nil | [[1-1 [a 1]]] | []"),
        );
        assert_eq!(raw3("XADD s 1-1 a 1 | XRANGE s - + COUNT 0"), "$3\r\n1-1\r\n_\r\n");
    }

    #[test]
    fn refuses() {
        const ID: &str = "ERR Invalid stream ID specified as stream command argument";
        check(
            "XRANGE s x + | XRANGE s (- + | XRANGE s - (+ | XRANGE s - + COUNT | \
             XRANGE s - + COUNT x | XRANGE s - + LIMIT 1 | XRANGE s ( +",
            &format!(
                "{ID} | {ID} | {ID} | ERR syntax error | \
                 ERR value is not an integer or out of range | ERR syntax error | {ID}"
            ),
        );
        check(
            "XRANGE s (18446744073709551615-18446744073709551615 + | XRANGE s - (0-0 | SET t v | \
             XRANGE t - +",
            "ERR invalid start ID for the interval | ERR invalid end ID for the interval | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
