//! `BITPOS key bit [start [end [BYTE|BIT]]]`: the first bit of a value.

use super::offsets::{self, UNIT};
use crate::cost;
use crate::prelude::*;
use redpoll_types::bits;

pub const BITPOS: Command = Command {
    spec: Spec {
        name: "bitpos",
        cost: cost::BYTES_OF_FIRST,
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Bitmap,
        since: "2.8.7",
        summary: "Finds the first bit of a string that is set, or the first that is not.",
        complexity: "O(N) where N is the length of the part that is searched.",
        args: &[
            Arg::key("key", 0),
            Arg::integer("bit"),
            Arg::block("range", &[Arg::integer("start"), END]).optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

const END: Arg = Arg::block("end-unit-block", &[Arg::integer("end"), UNIT]).optional();

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let wanted = match parse::int(args.at(2))? {
        0 => false,
        1 => true,
        _ => return Err(Error::text("ERR The bit argument must be 1 or 0.")),
    };
    let Some(text) = ctx.keys.string(args.at(1))? else {
        // As if it were zeros without an end.
        ctx.reply.int(if wanted { -1 } else { 0 });
        return Ok(());
    };
    if args.len() > 6 {
        return Err(Error::Syntax);
    }
    let start = args.get(3).map_or(Ok(0), parse::int)?;
    let in_bits = offsets::is_in_bits(args.get(5))?;
    let end = args.get(4).map(parse::int).transpose()?;
    let position = text.with(|bytes| {
        let range = offsets::bits(start, end.unwrap_or(-1), in_bits, bytes.len());
        let (first, last) = range?;
        // Where no end is given, zeros follow the string.
        let behind = (!wanted && end.is_none()).then_some(last + 1);
        bits::find(bytes, wanted, first, last).or(behind)
    });
    ctx.reply.int(position.map_or(-1, |position| position as i64));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn finds() {
        check(
            "SET k \"\\xff\\xf0\\x00\" | BITPOS k 0 | BITPOS k 1 | BITPOS k 1 2 | BITPOS k 0 2 | \
             BITPOS k 0 0 0 | BITPOS k 1 -2 | BITPOS k 0 1 -1 BYTE | BITPOS k 1 7 15 BIT | \
             BITPOS k 1 12 -1 BIT | BITPOS k 0 5 11 BIT | BITPOS k 0 3 | BITPOS k 1 5 1",
            "OK | 12 | 0 | -1 | 16 | -1 | 8 | 12 | 7 | -1 | -1 | -1 | -1",
        );
        check(
            "SET k \"\\xff\\xff\" | BITPOS k 0 | BITPOS k 0 1 | BITPOS k 0 0 -1 | BITPOS k 0 2",
            "OK | 16 | 16 | -1 | -1",
        );
        check("SET k 1 | BITPOS k 1 | SET e '' | BITPOS e 0 | BITPOS e 1", {
            "OK | 2 | OK | -1 | -1"
        });
        check("BITPOS none 0 | BITPOS none 1 | BITPOS none 0 x", "0 | -1 | 0");
    }

    #[test]
    fn refuses() {
        let none = "ERR value is not an integer or out of range";
        check(
            "SET k v | BITPOS k 2 | BITPOS k x | BITPOS k 0 x | BITPOS k 0 0 x | \
             BITPOS k 0 0 1 x | BITPOS k 0 0 1 BIT x | RPUSH l a | BITPOS l 0",
            &format!(
                "OK | ERR The bit argument must be 1 or 0. | {none} | {none} | {none} | \
                 ERR syntax error | ERR syntax error | 1 | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }
}
