//! `GETBIT key offset`: one bit of a string.

use super::offsets;
use crate::prelude::*;
use redpoll_types::bits;

pub const GETBIT: Command = Command {
    spec: Spec {
        name: "getbit",
        arity: 3,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Bitmap,
        since: "2.2.0",
        summary: "Returns a bit of a string; bits behind its end are 0.",
        args: &[Arg::key("key", 0), Arg::integer("offset")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let offset = offsets::offset(args.at(2), &ctx.engine.config)?;
    let text = ctx.keys.string(args.at(1))?;
    ctx.reply.int_bool(text.is_some_and(|text| text.with(|bytes| bits::get(bytes, offset))));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn reads_a_bit() {
        check(
            "SET k a | GETBIT k 0 | GETBIT k 1 | GETBIT k 7 | GETBIT k 8 | GETBIT k 4294967295",
            "OK | 0 | 1 | 1 | 0 | 0",
        );
        check("SET k 1 | GETBIT k 3 | GETBIT k 7 | GETBIT none 3", "OK | 1 | 1 | 0");
    }

    #[test]
    fn refuses() {
        let offset = "ERR bit offset is not an integer or out of range";
        check(
            "RPUSH l a | GETBIT l -1 | GETBIT l 4294967296 | GETBIT l x | GETBIT l 0",
            &format!(
                "1 | {offset} | {offset} | {offset} | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }
}
