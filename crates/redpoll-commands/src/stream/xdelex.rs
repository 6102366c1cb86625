//! `XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]`.

use super::options::CONDITION;
use super::removal::{self, DELETED, IDS, NOT_FOUND, Removal};
use crate::prelude::*;
use redpoll_types::stream::{References, Stream};

pub const XDELEX: Command = Command {
    spec: Spec {
        name: "xdelex",
        arity: -5,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::Stream,
        since: "8.2.0",
        summary: "Deletes entries of a stream, and says what becomes of references to them.",
        complexity: "O(1) for each entry, whatever the size of the stream.",
        args: &[Arg::key("key", 0), CONDITION, IDS],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    if ctx.keys.write::<Stream>(key)?.is_none() {
        let removal = Removal::parse(args, 2)?;
        ctx.reply.array(removal.len());
        (0..removal.len()).for_each(|_| ctx.reply.int(NOT_FOUND));
        return Ok(());
    }
    let removal = Removal::parse(args, 2)?;
    let ids = removal.ids()?;
    let Some(stream) = ctx.keys.write::<Stream>(key)? else { return Ok(()) };
    let (mut deleted, mut unreferenced) = (0, 0);
    ctx.reply.array(ids.len());
    for id in ids {
        if removal.references == References::Delete && !stream.log().contains(id) {
            unreferenced += u64::from(stream.drop_references(id));
        }
        let result = removal::delete(stream, id, removal.references);
        deleted += u64::from(result == DELETED);
        ctx.reply.int(result);
    }
    if deleted > 0 {
        ctx.wrote(key, Class::Stream, "xdel", deleted);
    }
    super::changed_group(ctx, key, None, unreferenced);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XADD s 3 f v | XGROUP CREATE s g 0 | \
                        XREADGROUP GROUP g c COUNT 2 STREAMS s > | XACK s g 1 | ";
    const FILLED: &str = "1-0 | 2-0 | 3-0 | OK | [[s [[1-0 [f v]] [2-0 [f v]]]]] | 1 | ";

    #[test]
    fn references() {
        check(
            &format!("{FILL}XDELEX s IDS 4 1 2 3 4 | XLEN s | XPENDING s g"),
            &format!("{FILLED}[1 1 1 -1] | 0 | [1 2-0 2-0 [[c 1]]]"),
        );
        check(
            &format!("{FILL}XDELEX s ACKED IDS 4 1 2 3 4 | XLEN s | XPENDING s g"),
            &format!("{FILLED}[1 2 2 2] | 2 | [1 2-0 2-0 [[c 1]]]"),
        );
        check(
            &format!("{FILL}XDEL s 2 | XDELEX s IDS 2 2 3 DELREF | XLEN s | XPENDING s g"),
            &format!("{FILLED}1 | [-1 1] | 1 | [0 nil nil nil]"),
        );
    }

    #[test]
    fn refuses() {
        check(
            "XDELEX none IDS 2 1 2 | XDELEX s IDS 0 1 | XDELEX s IDS 2 1 | XDELEX s KEEPREF ACKED \
             IDS 1 1 | XDELEX s KEEPREF x y | XADD s 1 f v | XDELEX s IDS 2 1 x | XLEN s",
            "[-1 -1] | ERR Number of IDs must be a positive integer | \
             ERR The `numids` parameter must match the number of arguments | ERR syntax error | \
             ERR syntax error | 1-0 | \
             ERR Invalid stream ID specified as stream command argument | 1",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "XADD s 1 f v | XADD s 2 f v | XDELEX s IDS 3 1 2 3 | XDELEX s IDS 1 1",
            "new s, xadd s, xadd s, xdel s",
            4,
        );
    }
}
