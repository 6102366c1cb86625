//! `XACKDEL key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]`.

use super::options::CONDITION;
use super::removal::{self, DELETED, IDS, NOT_FOUND, Removal, STILL_REFERENCED};
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub const XACKDEL: Command = Command {
    spec: Spec {
        name: "xackdel",
        arity: -6,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update().delete()],
        group: Group::Stream,
        since: "8.2.0",
        summary: "Acknowledges entries of a stream and deletes them.",
        complexity: "O(1) for each entry.",
        args: &[Arg::key("key", 0), Arg::string("group"), CONDITION, IDS],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, group) = (args.at(1), args.at(2));
    let stream = ctx.keys.write::<Stream>(key)?;
    let removal = Removal::parse(args, 3)?;
    let Some(stream) = stream.filter(|stream| stream.group(group).is_some()) else {
        ctx.reply.array(removal.len());
        (0..removal.len()).for_each(|_| ctx.reply.int(NOT_FOUND));
        return Ok(());
    };
    let ids = removal.ids()?;
    let (mut acknowledged, mut deleted) = (0, 0);
    ctx.reply.array(ids.len());
    for id in ids {
        let held = stream.group_mut(group).is_some_and(|(group, _)| group.acknowledge(id));
        if !held {
            ctx.reply.int(NOT_FOUND);
            continue;
        }
        acknowledged += 1;
        let result = removal::delete(stream, id, removal.references);
        deleted += u64::from(result == DELETED);
        // An entry that was pending and is gone already counts as deleted.
        ctx.reply.int(if result == STILL_REFERENCED { result } else { DELETED });
    }
    super::changed_group(ctx, key, None, acknowledged);
    if deleted > 0 {
        ctx.wrote(key, Class::Stream, "xdel", 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XGROUP CREATE s g 0 | XGROUP CREATE s h 0 | \
                        XREADGROUP GROUP g c STREAMS s > | XREADGROUP GROUP h c STREAMS s > | ";
    const FILLED: &str = "1-0 | 2-0 | OK | OK | [[s [[1-0 [f v]] [2-0 [f v]]]]] | \
                          [[s [[1-0 [f v]] [2-0 [f v]]]]] | ";

    #[test]
    fn references() {
        check(
            &format!("{FILL}XACKDEL s g IDS 2 1 3 | XACKDEL s g IDS 1 1 | XLEN s | XPENDING s h"),
            &format!("{FILLED}[1 -1] | [-1] | 1 | [2 1-0 2-0 [[c 2]]]"),
        );
        check(
            &format!("{FILL}XACKDEL s g DELREF IDS 1 1 | XLEN s | XPENDING s h"),
            &format!("{FILLED}[1] | 1 | [1 2-0 2-0 [[c 1]]]"),
        );
        check(
            &format!("{FILL}XACKDEL s g ACKED IDS 1 1 | XACKDEL s h ACKED IDS 1 1 | XLEN s"),
            &format!("{FILLED}[2] | [1] | 1"),
        );
        check(&format!("{FILL}XDEL s 1 | XACKDEL s g IDS 1 1"), &format!("{FILLED}1 | [1]"));
    }

    #[test]
    fn without_a_group() {
        check(
            "XACKDEL none g IDS 2 1 2 | XADD s 1 f v | XACKDEL s g IDS 1 1 | \
             XACKDEL s g ACKED IDS 0 1",
            "[-1 -1] | 1-0 | [-1] | ERR Number of IDs must be a positive integer",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            &format!("{FILL}XACKDEL s g IDS 2 1 2"),
            "new s, xadd s, xadd s, xgroup-create s, xgroup-create s, xgroup-createconsumer s, \
             xgroup-createconsumer s, xdel s",
            10,
        );
    }
}
