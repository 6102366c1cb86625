//! `SETBIT key offset value`: change one bit of a string.

use super::offsets;
use crate::prelude::*;
use redpoll_types::bits;

pub const SETBIT: Command = Command {
    spec: Spec {
        name: "setbit",
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::Bitmap,
        since: "2.2.0",
        summary: "Sets or clears a bit of a string, which is made longer if need be.",
        args: &[Arg::key("key", 0), Arg::integer("offset"), Arg::integer("value")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let offset = offsets::offset(args.at(2), &ctx.engine.config)?;
    let on = match args.at(3) {
        b"0" => false,
        b"1" => true,
        _ => return Err(Error::text("ERR bit is not an integer or out of range")),
    };
    let len = (offset / 8) as usize + 1;
    let (was, padded) =
        ctx.keys.edit_bytes(key, len, |bytes, padded| (bits::set(bytes, offset, on), padded))?;
    if padded || was != on {
        ctx.wrote(key, Class::String, "setbit", 1);
    }
    ctx.reply.int_bool(was);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn sets_and_clears() {
        check(
            "SETBIT k 1 1 | GET k | SETBIT k 1 1 | SETBIT k 7 1 | GET k | SETBIT k 1 0 | \
             SETBIT k 7 0 | STRLEN k",
            "0 | @ | 1 | 0 | A | 1 | 1 | 1",
        );
        check("SET k 1 | SETBIT k 6 1 | GET k | OBJECT ENCODING k", "OK | 0 | 3 | raw");
        check("SET k 1 EX 10 | SETBIT k 14 1 | STRLEN k | TTL k", "OK | 0 | 2 | 10");
        check(
            "SET k a | SETBIT k 4103 1 | STRLEN k | GETRANGE k 0 0 | GETBIT k 4103 | \
             SETBIT k 4103 0 | SETBIT k 40000 1 | STRLEN k | BITCOUNT k",
            "OK | 0 | 513 | a | 1 | 1 | 0 | 5001 | 4",
        );
        check("SETBIT k 8388607 1 | STRLEN k | BITCOUNT k", "0 | 1048576 | 1");
    }

    #[test]
    fn refuses() {
        let offset = "ERR bit offset is not an integer or out of range";
        let bit = "ERR bit is not an integer or out of range";
        check(
            "SETBIT k -1 1 | SETBIT k x 1 | SETBIT k 4294967296 1 | SETBIT k #1 1 | \
             SETBIT k 9223372036854775807 1 | SETBIT k 0 2 | SETBIT k 0 -1 | SETBIT k 0 x | \
             EXISTS k | RPUSH l a | SETBIT l 0 1",
            &format!(
                "{offset} | {offset} | {offset} | {offset} | {offset} | {bit} | {bit} | {bit} | \
                 0 | 1 | WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }

    #[test]
    fn tells_of_changes_only() {
        check_events(
            "SETBIT k 8 0 | SETBIT k 8 0 | SETBIT k 8 1 | SETBIT k 8 1 | SETBIT k 16 0",
            "new k, setbit k, setbit k, setbit k",
            3,
        );
    }
}
