//! `BITCOUNT key [start end [BYTE|BIT]]`: how many bits are set.

use super::offsets::{self, UNIT};
use crate::cost;
use crate::prelude::*;
use redpoll_types::bits;

pub const BITCOUNT: Command = Command {
    spec: Spec {
        name: "bitcount",
        cost: cost::BYTES_OF_FIRST,
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Bitmap,
        since: "2.6.0",
        summary: "Counts the bits that are set in a string or a part of it.",
        complexity: "O(N) where N is the length of the part.",
        args: &[
            Arg::key("key", 0),
            Arg::block("range", &[Arg::integer("start"), Arg::integer("end"), UNIT]).optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let Some(text) = ctx.keys.string(args.at(1))? else {
        ctx.reply.int(0);
        return Ok(());
    };
    if args.len() == 2 {
        let count = text.with(bits::count_ones);
        ctx.reply.int(count as i64);
        return Ok(());
    }
    if !(4..=5).contains(&args.len()) {
        return Err(Error::Syntax);
    }
    let (start, end) = (parse::int(args.at(2))?, parse::int(args.at(3))?);
    if start < 0 && end < 0 && start > end {
        ctx.reply.int(0);
        return Ok(());
    }
    let in_bits = offsets::is_in_bits(args.get(4))?;
    let count = text.with(|bytes| {
        let range = offsets::bits(start, end, in_bits, bytes.len());
        range.map_or(0, |(first, last)| bits::count_ones_between(bytes, first, last))
    });
    ctx.reply.int(count as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts() {
        check(
            "SET k foobar | BITCOUNT k | BITCOUNT k 0 0 | BITCOUNT k 1 1 | BITCOUNT k 0 -5 | \
             BITCOUNT k 1 1 byte | BITCOUNT k 5 30 BIT | BITCOUNT k -100 100 | BITCOUNT k 3 1 | \
             BITCOUNT k -1 -9 | BITCOUNT k 6 9 | BITCOUNT k -9223372036854775808 0",
            "OK | 26 | 4 | 6 | 10 | 6 | 17 | 26 | 0 | 0 | 0 | 4",
        );
        check("SET k 12 | BITCOUNT k | BITCOUNT k 7 8 BIT", "OK | 6 | 1");
        check("SET k '' | BITCOUNT k | BITCOUNT k 0 -1", "OK | 0 | 0");
        check("BITCOUNT none | BITCOUNT none 0 1 x | BITCOUNT none a", "0 | 0 | 0");
    }

    #[test]
    fn refuses() {
        let none = "ERR value is not an integer or out of range";
        check(
            "SET k v | BITCOUNT k 0 | BITCOUNT k 0 1 x | BITCOUNT k a 1 | BITCOUNT k 0 1 BIT x | \
             RPUSH l a | BITCOUNT l 0",
            &format!(
                "OK | ERR syntax error | ERR syntax error | {none} | ERR syntax error | 1 | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }
}
