//! `XACK key group id [id ...]`.

use super::ids;
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub const XACK: Command = Command {
    spec: Spec {
        name: "xack",
        arity: -4,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Acknowledges entries: they are no longer pending.",
        complexity: "O(1) for each entry.",
        args: &[Arg::key("key", 0), Arg::string("group"), Arg::string("id").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, group) = (args.at(1), args.at(2));
    let stream = ctx.keys.write::<Stream>(key)?;
    let Some(stream) = stream.filter(|stream| stream.group(group).is_some()) else {
        ctx.reply.int(0);
        return Ok(());
    };
    let ids = ids::all(args.iter_from(3))?;
    let mut acknowledged = 0;
    if let Some((group, _)) = stream.group_mut(group) {
        acknowledged = ids.into_iter().filter(|id| group.acknowledge(*id)).count();
    }
    super::changed_group(ctx, key, None, acknowledged as u64);
    ctx.reply.count(acknowledged);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn acknowledges() {
        check(
            "XADD s 1 f v | XADD s 2 f v | XACK s g 1 | XACK none g x | XGROUP CREATE s g 0 | \
             XREADGROUP GROUP g c STREAMS s > | XACK s g 1 9 1 | XACK s g 2 x | XPENDING s g | \
             XACK s g 2 | XPENDING s g",
            "1-0 | 2-0 | 0 | 0 | OK | [[s [[1-0 [f v]] [2-0 [f v]]]]] | 1 | \
             ERR Invalid stream ID specified as stream command argument | [1 2-0 2-0 [[c 1]]] | \
             1 | [0 nil nil nil]",
        );
    }

    #[test]
    fn counts_changes() {
        check_events(
            "XADD s 1 f v | XGROUP CREATE s g 0 | XREADGROUP GROUP g c STREAMS s > | XACK s g 1",
            "new s, xadd s, xgroup-create s, xgroup-createconsumer s",
            5,
        );
    }
}
