//! `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]`: the longest common subsequence.
//!
//! The classic table, row by row. Of a row only the lengths of the one before are needed; for the
//! way back one bit a cell is kept, the direction: a thirty-second of the memory that whole lengths
//! take. The stripes are given back before the work starts, so that nobody waits for it.

use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_engine::spec::Cost;
use redpoll_keyspace::StrRef;
use redpoll_types::string::Str;

pub const LCS: Command = Command {
    spec: Spec {
        name: "lcs",
        cost: COST,
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::range(1, 2, 1).ro().access()],
        group: Group::String,
        since: "7.0.0",
        summary: "Finds the longest common subsequence of two strings.",
        complexity: "O(N*M) where N and M are the lengths of the two strings.",
        args: &[
            Arg::key("key1", 0),
            Arg::key("key2", 0),
            Arg::flag("len", "LEN").optional(),
            Arg::flag("idx", "IDX").optional(),
            Arg::integer("min-match-len").token("MINMATCHLEN").optional(),
            Arg::flag("withmatchlen", "WITHMATCHLEN").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

/// Cells of the table that cost as much as an element.
const CELLS: usize = 16;
/// The length taken for strings that are not long.
const SHORT: usize = 64;

/// The table's cells.
const COST: Option<Cost> = Some(|keys, args| {
    let len = |at: usize| keys.long_len(args.at(at)).max(SHORT);
    len(1).saturating_mul(len(2)) / CELLS
});

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let texts = (text(ctx, args.at(1)), text(ctx, args.at(2)));
    let (Ok(a), Ok(b)) = texts else {
        return Err(Error::text("ERR The specified keys must contain string values"));
    };
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let options = Options::parse(args)?;
    check_size(a, b, ctx.engine.config.proto_max_bulk_len())?;
    if ctx.mode == Mode::Alone {
        ctx.remember_reads([args.at(1), args.at(2)].into_iter());
        ctx.keys.unlock();
    }
    if options.len {
        ctx.reply.count(Table::new(a, b, false).len());
    } else if options.idx {
        reply_ranges(ctx, &Table::new(a, b, true), &options);
    } else {
        let table = Table::new(a, b, true);
        let mut common = Vec::with_capacity(table.len());
        for range in table.ranges().iter().rev() {
            common.extend_from_slice(&a[range.a..range.a + range.len]);
        }
        ctx.reply.bulk(&common);
    }
    Ok(())
}

/// The string to go on with when its lock is gone; a long one is shared, not copied.
fn text(ctx: &mut Ctx<'_>, key: &[u8]) -> Result<Str> {
    Ok(match ctx.keys.string(key)? {
        Some(StrRef::Long(text)) => text.clone(),
        Some(short) => Str::new(short.to_vec()),
        None => Str::new(Vec::new()),
    })
}

/// Bounds the work: refuses what Redis's table of 32-bit lengths would refuse.
fn check_size(a: &[u8], b: &[u8], max_bytes: u64) -> Result {
    let cells = (a.len() as u128 + 1) * (b.len() as u128 + 1);
    if cells * 4 > u128::from(max_bytes) {
        return Err(Error::text(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    Ok(())
}

fn reply_ranges(ctx: &mut Ctx<'_>, table: &Table<'_>, options: &Options) {
    let mut ranges = table.ranges();
    ranges.retain(|range| range.len as u64 >= options.min_match_len);
    ctx.reply.map(2);
    ctx.reply.bulk(b"matches");
    ctx.reply.array(ranges.len());
    for range in ranges {
        ctx.reply.array(if options.with_match_len { 3 } else { 2 });
        for start in [range.a, range.b] {
            ctx.reply.array(2);
            ctx.reply.count(start);
            ctx.reply.count(start + range.len - 1);
        }
        if options.with_match_len {
            ctx.reply.count(range.len);
        }
    }
    ctx.reply.bulk(b"len");
    ctx.reply.count(table.len());
}

#[derive(Default)]
struct Options {
    len: bool,
    idx: bool,
    min_match_len: u64,
    with_match_len: bool,
}

impl Options {
    fn parse(args: Args<'_>) -> Result<Self> {
        let mut options = Options::default();
        let mut words = args.iter_from(3);
        while let Some(word) = words.next() {
            if parse::is(word, "IDX") {
                options.idx = true;
            } else if parse::is(word, "LEN") {
                options.len = true;
            } else if parse::is(word, "WITHMATCHLEN") {
                options.with_match_len = true;
            } else if parse::is(word, "MINMATCHLEN") {
                let len = parse::int(words.next().ok_or(Error::Syntax)?)?;
                options.min_match_len = u64::try_from(len).unwrap_or(0);
            } else {
                return Err(Error::Syntax);
            }
        }
        if options.len && options.idx {
            let text = "ERR If you want both the length and indexes, please just use IDX.";
            return Err(Error::text(text));
        }
        Ok(options)
    }
}

/// A run of bytes that both strings have in common, where the subsequence goes through both.
#[derive(Clone, Copy)]
struct Run {
    a: usize,
    b: usize,
    len: usize,
}

struct Table<'t> {
    a: &'t [u8],
    b: &'t [u8],
    len: u32,
    /// For each pair of unequal bytes, whether the way back drops the byte of `a` and not that of
    /// `b`.
    up: Vec<u64>,
}

impl<'t> Table<'t> {
    /// Fills the table; without `way_back` only the length can be asked for.
    fn new(a: &'t [u8], b: &'t [u8], way_back: bool) -> Self {
        let mut up = vec![0u64; if way_back { (a.len() * b.len()).div_ceil(64) } else { 0 }];
        // The row of lengths above, turned into the present one from left to right.
        let mut row = vec![0u32; b.len() + 1];
        for (i, &byte) in a.iter().enumerate() {
            let (mut left, mut above_left) = (0, 0);
            for (j, &other) in b.iter().enumerate() {
                let above = row[j + 1];
                let here = match byte == other {
                    true => above_left + 1,
                    false => above.max(left),
                };
                if way_back && byte != other && above > left {
                    let cell = i * b.len() + j;
                    up[cell / 64] |= 1 << (cell % 64);
                }
                (left, above_left) = (here, above);
                row[j + 1] = here;
            }
        }
        Table { a, b, len: row.last().copied().unwrap_or(0), up }
    }

    fn len(&self) -> usize {
        self.len as usize
    }

    /// The runs that the subsequence is made of, from the end to the beginning.
    fn ranges(&self) -> Vec<Run> {
        let (mut i, mut j) = (self.a.len(), self.b.len());
        let mut ranges = Vec::new();
        let mut run: Option<Run> = None;
        while i > 0 && j > 0 {
            let cell = (i - 1) * self.b.len() + j - 1;
            if self.a[i - 1] == self.b[j - 1] {
                (i, j) = (i - 1, j - 1);
                run = Some(Run { a: i, b: j, len: run.map_or(1, |run| run.len + 1) });
                continue;
            }
            ranges.extend(run.take());
            if self.up[cell / 64] & 1 << (cell % 64) != 0 {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        ranges.extend(run);
        ranges
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;
    use proptest::prelude::*;

    const SET_UP: &str = "MSET a ohmytext b mynewtext";

    #[test]
    fn the_subsequence_and_its_length() {
        check(&format!("{SET_UP} | LCS a b | LCS a b LEN | LCS b a"), "OK | mytext | 6 | mytext");
        check("SET a xyz | LCS a none | LCS a none LEN | LCS none none", "OK | \"\" | 0 | \"\"");
        check(
            "SET a 123 | SET b 23 | LCS a b | LCS a b IDX",
            "OK | OK | 23 | [matches [[[1 2] [0 1]]] len 2]",
        );
    }

    #[test]
    fn where_the_runs_are() {
        let all = "[[[4 7] [5 8]] [[2 3] [0 1]]]";
        check(&format!("{SET_UP} | LCS a b IDX"), &format!("OK | [matches {all} len 6]"));
        check(
            &format!("{SET_UP} | LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"),
            "OK | [matches [[[4 7] [5 8] 4]] len 6]",
        );
        check(
            &format!("{SET_UP} | LCS a b IDX MINMATCHLEN -5"),
            &format!("OK | [matches {all} len 6]"),
        );
        check("LCS a b IDX", "[matches [] len 0]");
    }

    #[test]
    fn refuses_bad_options() {
        check("LCS a b FOO | LCS a b MINMATCHLEN", "ERR syntax error | ERR syntax error");
        check("LCS a b MINMATCHLEN x", "ERR value is not an integer or out of range");
        check(
            "LCS a b LEN IDX",
            "ERR If you want both the length and indexes, please just use IDX.",
        );
        check(
            "SETRANGE a 20000 x | SETRANGE b 20000 x | LCS a b LEN",
            "20001 | 20001 | ERR Insufficient memory, transient memory for LCS exceeds \
             proto-max-bulk-len",
        );
    }

    /// The length by plain recursion over prefixes.
    fn model(a: &[u8], b: &[u8]) -> usize {
        match (a.split_last(), b.split_last()) {
            (Some((x, a)), Some((y, b))) if x == y => model(a, b) + 1,
            (Some((_, shorter_a)), Some((_, shorter_b))) => {
                model(shorter_a, b).max(model(a, shorter_b))
            }
            _ => 0,
        }
    }

    fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
        let mut rest = whole.iter();
        part.iter().all(|byte| rest.any(|other| other == byte))
    }

    proptest! {
        #[test]
        fn as_long_as_can_be_and_common(a in "[abc]{0,8}", b in "[abc]{0,8}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            let table = super::Table::new(a, b, true);
            prop_assert_eq!(table.len(), model(a, b));
            prop_assert_eq!(super::Table::new(a, b, false).len(), table.len());
            let mut common = Vec::new();
            for run in table.ranges().iter().rev() {
                prop_assert_eq!(&a[run.a..run.a + run.len], &b[run.b..run.b + run.len]);
                common.extend_from_slice(&a[run.a..run.a + run.len]);
            }
            prop_assert_eq!(common.len(), table.len());
            prop_assert!(is_subsequence(&common, a) && is_subsequence(&common, b));
        }
    }
}
