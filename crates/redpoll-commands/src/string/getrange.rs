//! `GETRANGE key start end`: a part of a string; and its older name SUBSTR.

use super::get::answer_long;
use crate::cost::LONG;
use crate::prelude::*;
use std::ops::Range;

pub const GETRANGE: Command = Command {
    spec: Spec {
        name: "getrange",
        since: "2.4.0",
        summary: "Returns a part of the string value of a key.",
        ..SPEC
    },
    run,
};

pub const SUBSTR: Command = Command {
    spec: Spec {
        name: "substr",
        since: "1.0.0",
        summary: "Returns a part of the string value of a key.",
        deprecated: Some(("2.0.0", "`GETRANGE`")),
        ..SPEC
    },
    run,
};

const SPEC: Spec = Spec {
    arity: 4,
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::String,
    complexity: "O(N) where N is the length of the part returned.",
    args: &[Arg::key("key", 0), Arg::integer("start"), Arg::integer("end")],
    ..Spec::EMPTY
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (start, end) = (parse::int(args.at(2))?, parse::int(args.at(3))?);
    let Some(text) = ctx.keys.string(args.at(1))? else {
        ctx.reply.bulk(b"");
        return Ok(());
    };
    let part = part(start, end, text.len());
    if part.len() >= LONG {
        return answer_long(ctx, args.at(1), part);
    }
    text.with(|bytes| ctx.reply.bulk(bytes.get(part).unwrap_or_default()));
    Ok(())
}

/// The bytes from `start` to `end`, both included; negative ones count from the end of `len` bytes.
fn part(start: i64, end: i64, len: usize) -> Range<usize> {
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let from_front = |index: i64| match index < 0 {
        true => len.saturating_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX)),
        false => usize::try_from(index).unwrap_or(usize::MAX),
    };
    let start = from_front(start);
    let end = from_front(end).saturating_add(1).min(len);
    if start < end { start..end } else { 0..0 }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn parts_of_a_string() {
        for (range, expected) in [
            ("0 2", "hel"),
            ("-3 -1", "llo"),
            ("0 -1", "hello"),
            ("3 100", "lo"),
            ("-100 1", "he"),
            ("5 9", "\"\""),
            ("3 1", "\"\""),
            ("-1 -3", "\"\""),
            ("0 -100", "h"),
            ("-9223372036854775808 9223372036854775807", "hello"),
            ("9223372036854775807 9223372036854775807", "\"\""),
        ] {
            check(&format!("SET k hello | GETRANGE k {range}"), &format!("OK | {expected}"));
            check(&format!("SET k hello | SUBSTR k {range}"), &format!("OK | {expected}"));
        }
        check("SET k 12345 | GETRANGE k 1 2 | GETRANGE none 0 -1", "OK | 23 | \"\"");
        check("SET k '' | GETRANGE k 0 -1 | GETRANGE k 0 0", "OK | \"\" | \"\"");
        check("GETRANGE k x 1", "ERR value is not an integer or out of range");
    }
}
