//! A range of members: what ZRANGE and its relatives ask for, and what ZREMRANGEBY... and ZCOUNT
//! take.

use crate::cost::{FEW, TAKING_OUT};
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_types::listpack::Element;
use redpoll_types::zset::{LexRange, ScoreRange, ZSet};
use std::ops::Range;

/// The kind of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Between two ranks.
    Rank,
    /// Between two scores.
    Score,
    /// Between two members in byte order.
    Lex,
}

/// A range's two ends.
pub enum Ends<'a> {
    /// Ranks, counted from the end if negative.
    Rank(i64, i64),
    /// Scores.
    Score(ScoreRange),
    /// Members.
    Lex(LexRange<'a>),
}

/// Reads two ends, the lower one first.
pub fn ends<'a>(kind: Kind, min: &'a [u8], max: &'a [u8]) -> Result<Ends<'a>> {
    Ok(match kind {
        Kind::Rank => Ends::Rank(parse::int(min)?, parse::int(max)?),
        Kind::Score => Ends::Score(
            ScoreRange::parse(min, max)
                .map_err(|_| Error::text("ERR min or max is not a float"))?,
        ),
        Kind::Lex => Ends::Lex(
            LexRange::parse(min, max)
                .map_err(|_| Error::text("ERR min or max not valid string range item"))?,
        ),
    })
}

impl Ends<'_> {
    /// The ranks of the members between the ends.
    pub fn ranks(&self, set: &ZSet) -> Range<usize> {
        match self {
            Ends::Rank(start, stop) => set.ranks_by_index(*start, *stop),
            Ends::Score(range) => set.ranks_by_score(range),
            Ends::Lex(range) => set.ranks_by_lex(range),
        }
    }
}

/// What a command fixes of its range; options say the rest.
#[derive(Clone, Copy)]
pub struct Form {
    /// The kind, unless BYSCORE and BYLEX may choose.
    pub kind: Option<Kind>,
    /// The direction, unless REV may choose.
    pub reversed: Option<bool>,
    /// Whether WITHSCORES may be given.
    pub scores: bool,
}

/// A range, the direction and part of it that is wanted, and whether scores are.
pub struct Query<'a> {
    ends: Ends<'a>,
    reversed: bool,
    offset: i64,
    /// How many members; negative: all.
    limit: i64,
    /// Whether scores are wanted, too.
    pub with_scores: bool,
}

impl<'a> Query<'a> {
    /// Reads the two ends, which are the `at`th word and the next, and the options behind.
    pub fn parse(args: Args<'a>, at: usize, form: Form) -> Result<Self> {
        let Form { mut kind, mut reversed, scores } = form;
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        let mut words = args.iter_from(at + 2);
        while let Some(word) = words.next() {
            if scores && parse::is(word, "withscores") {
                with_scores = true;
            } else if parse::is(word, "limit") {
                let mut number = || words.next().ok_or(Error::Syntax);
                let (first, second) = (number()?, number()?);
                (offset, limit) = (parse::int(first)?, parse::int(second)?);
            } else if reversed.is_none() && parse::is(word, "rev") {
                reversed = Some(true);
            } else if kind.is_none() && parse::is(word, "bylex") {
                kind = Some(Kind::Lex);
            } else if kind.is_none() && parse::is(word, "byscore") {
                kind = Some(Kind::Score);
            } else {
                return Err(Error::Syntax);
            }
        }
        let (kind, reversed) = (kind.unwrap_or(Kind::Rank), reversed.unwrap_or(false));
        if kind == Kind::Rank && limit != -1 {
            return Err(Error::text(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or \
                 BYLEX",
            ));
        }
        if kind == Kind::Lex && with_scores {
            return Err(Error::text(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (mut min, mut max) = (args.at(at), args.at(at + 1));
        if reversed && kind != Kind::Rank {
            (min, max) = (max, min);
        }
        Ok(Query { ends: ends(kind, min, max)?, reversed, offset, limit, with_scores })
    }

    /// The ranks of the members that are wanted.
    pub fn ranks(&self, set: &ZSet) -> Range<usize> {
        if let (Ends::Rank(..), reversed) = (&self.ends, self.reversed) {
            let Range { start, end } = self.ends.ranks(set);
            return if reversed { set.len() - end..set.len() - start } else { start..end };
        }
        let Range { start, end } = self.ends.ranks(set);
        let len = end - start;
        // A negative offset comes behind all members.
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX).min(len);
        let take = usize::try_from(self.limit).unwrap_or(usize::MAX).min(len - skip);
        match self.reversed {
            false => start + skip..start + skip + take,
            true => end - skip - take..end - skip,
        }
    }

    /// Hands the members that are wanted to `act`, in the order that is wanted.
    pub fn select<R>(&self, set: &ZSet, act: impl Act<R>) -> R {
        let members = set.range(self.ranks(set));
        match self.reversed {
            false => act.on(members),
            true => act.on(members.rev()),
        }
    }
}

/// How many members the range holds that the words behind a key, the `at`th word, ask for.
pub fn cost(keys: &Keys<'_>, args: Args<'_>, at: usize, form: Form) -> usize {
    let Some(set) = keys.glimpse::<ZSet>(args.at(at)).filter(|set| set.len() > FEW) else {
        return keys.elements(args.at(at));
    };
    Query::parse(args, at + 1, form).map_or(0, |query| query.ranks(set).len())
}

/// What it costs to remove the members between the two words behind a key; all of them go at once.
pub fn removal_cost(keys: &Keys<'_>, args: Args<'_>, kind: Kind) -> usize {
    let Some(set) = keys.glimpse::<ZSet>(args.at(1)).filter(|set| set.len() > FEW) else {
        return keys.elements(args.at(1));
    };
    let ranks = ends(kind, args.at(2), args.at(3)).map_or(0..0, |ends| ends.ranks(set));
    if ranks.len() == set.len() { 0 } else { ranks.len() * TAKING_OUT }
}

/// What is done with selected members, whichever way they come.
pub trait Act<R> {
    /// Does it.
    fn on<'a>(self, members: impl ExactSizeIterator<Item = (Element<'a>, f64)>) -> R;
}
