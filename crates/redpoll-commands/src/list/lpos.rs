//! `LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]`: where an element is.

use crate::cost;
use crate::prelude::*;
use redpoll_types::list::List;

pub const LPOS: Command = Command {
    spec: Spec {
        name: "lpos",
        cost: cost::FIRST,
        arity: -3,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::List,
        since: "6.0.6",
        summary: "Returns the indices of the elements of a list that equal a given one.",
        complexity: "O(N) where N is the number of elements that are looked at.",
        args: &[
            Arg::key("key", 0),
            Arg::string("element"),
            Arg::integer("rank").token("RANK").optional(),
            Arg::integer("num-matches").token("COUNT").optional(),
            Arg::integer("len").token("MAXLEN").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

/// What to look for: the `rank`-th match and those that follow.
struct Search {
    rank: i64,
    /// How many matches, 0 for all; `None` for one, answered without an array.
    count: Option<usize>,
    /// How many elements to look at; 0 for all.
    maxlen: usize,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let search = search(args)?;
    let Some(list) = ctx.keys.read::<List>(args.at(1))? else {
        match search.count {
            Some(_) => ctx.reply.array(0),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let count = search.count.unwrap_or(1);
    let found = list.positions(args.at(2), search.rank, count, search.maxlen);
    match (search.count, found.first()) {
        (None, Some(&index)) => ctx.reply.count(index),
        (None, None) => ctx.reply.null(),
        (Some(_), _) => {
            ctx.reply.array(found.len());
            found.into_iter().for_each(|index| ctx.reply.count(index));
        }
    }
    Ok(())
}

fn search(args: Args<'_>) -> Result<Search> {
    let mut search = Search { rank: 1, count: None, maxlen: 0 };
    let mut words = args.iter_from(3);
    while let Some(option) = words.next() {
        let value = words.next().ok_or(Error::Syntax)?;
        if parse::is(option, "rank") {
            search.rank = rank(value)?;
        } else if parse::is(option, "count") {
            let error = |_| Error::text("ERR COUNT can't be negative");
            search.count = Some(parse::count(value).map_err(error)?);
        } else if parse::is(option, "maxlen") {
            let error = |_| Error::text("ERR MAXLEN can't be negative");
            search.maxlen = parse::count(value).map_err(error)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(search)
}

fn rank(word: &[u8]) -> Result<i64> {
    match parse::int_in(word, -i64::MAX..=i64::MAX)? {
        0 => Err(Error::text(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
             or use negative to start from the end of the list",
        )),
        rank => Ok(rank),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn one_match() {
        let list = "RPUSH l a b c 1 2 3 c c";
        check(
            &format!("{list} | LPOS l c | LPOS l 3 | LPOS l x | LPOS none c"),
            "8 | 2 | 5 | nil | nil",
        );
        check(
            &format!("{list} | LPOS l c RANK 2 | LPOS l c RANK -1 | LPOS l c rank 4"),
            "8 | 6 | 7 | nil",
        );
        check(&format!("{list} | LPOS l c MAXLEN 2 | LPOS l c MAXLEN 3"), "8 | nil | 2");
    }

    #[test]
    fn several_matches() {
        let list = "RPUSH l a b c 1 2 3 c c";
        check(
            &format!("{list} | LPOS l c COUNT 0 | LPOS l c COUNT 2 | LPOS l c COUNT 1"),
            "8 | [2 6 7] | [2 6] | [2]",
        );
        check(
            &format!("{list} | LPOS l c COUNT 0 RANK -2 | LPOS l c COUNT 0 RANK -1 MAXLEN 2"),
            "8 | [6 2] | [7 6]",
        );
        check(&format!("{list} | LPOS l x COUNT 5 | LPOS none c COUNT 5"), "8 | [] | []");
    }

    #[test]
    fn refuses() {
        check(
            "LPOS l a RANK 0 | LPOS l a COUNT -1 | LPOS l a MAXLEN -1 | LPOS l a RANK | \
             LPOS l a X 1",
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
             or use negative to start from the end of the list | ERR COUNT can't be negative | \
             ERR MAXLEN can't be negative | ERR syntax error | ERR syntax error",
        );
        check(
            "LPOS l a RANK -9223372036854775808 | LPOS l a RANK x",
            "ERR value is out of range, value must between -9223372036854775807 and \
             9223372036854775807 | ERR value is not an integer or out of range",
        );
        check(
            "SET t v | LPOS t a",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
