//! `XLEN key`.

use crate::prelude::*;
use redpoll_types::stream::Stream;

pub const XLEN: Command = Command {
    spec: Spec {
        name: "xlen",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Returns the number of entries of a stream.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let len = ctx.keys.read::<Stream>(args.at(1))?.map_or(0, |stream| stream.log().len());
    ctx.reply.count(len as usize);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check(
            "XLEN s | XADD s 1-1 f v | XADD s 1-2 f v | XLEN s | XDEL s 1-1 | XLEN s | SET t v | \
             XLEN t",
            "0 | 1-1 | 1-2 | 2 | 1 | 1 | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
