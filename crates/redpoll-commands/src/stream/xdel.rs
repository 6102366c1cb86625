//! `XDEL key id [id ...]`.

use super::ids;
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub const XDEL: Command = Command {
    spec: Spec {
        name: "xdel",
        arity: -3,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Deletes entries of a stream.",
        complexity: "O(1) for each entry, whatever the size of the stream.",
        args: &[Arg::key("key", 0), Arg::string("id").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let Some(stream) = ctx.keys.write::<Stream>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let ids = ids::all(args.iter_from(2))?;
    let log = stream.log_mut();
    let deleted = ids.into_iter().filter(|id| log.delete(*id)).count();
    if deleted > 0 {
        ctx.wrote(key, Class::Stream, "xdel", deleted as u64);
    }
    ctx.reply.count(deleted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn deletes() {
        check(
            "XDEL s x | XADD s 1-1 a 1 | XADD s 1-2 a 2 | XADD s 1-3 a 3 | XDEL s 1-2 9-9 1-2 | \
             XRANGE s - + | XDEL s 1-1 x | XLEN s | XDEL s 1-1 1-3 | XLEN s | EXISTS s | \
             XADD s 1-3 f v",
            "0 | 1-1 | 1-2 | 1-3 | 1 | [[1-1 [a 1]] [1-3 [a 3]]] | \
             ERR Invalid stream ID specified as stream command argument | 2 | 2 | 0 | 1 | \
             ERR The ID specified in XADD is equal or smaller than the target stream top item",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "XADD s 1-1 f v | XADD s 1-2 f v | XDEL s 1-1 1-2 | XDEL s 1-1",
            "new s, xadd s, xadd s, xdel s",
            4,
        );
    }
}
