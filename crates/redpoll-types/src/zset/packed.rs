//! A small sorted set: one listpack of members and scores in turn, in order.
//!
//! A score that is a whole number is stored as an integer, any other as its shortest text.

use super::member::by_score;
use crate::limits::Limits;
use crate::listpack::{self, Corrupt, Cursor, Element, Listpack};
use crate::number::{format_f64, parse_f64, write_i64};
use std::cmp::Ordering;
use std::collections::HashSet;

/// Whole scores up to this one are stored as integers.
const WHOLE_MAX: f64 = (1u64 << 62) as f64;

/// The number of members.
pub(super) fn len(pairs: &Listpack) -> usize {
    pairs.len() / 2
}

/// Checks what comes from outside: pairs of distinct members and numbers, in order.
pub(super) fn validate(pairs: &Listpack) -> Result<(), Corrupt> {
    let mut seen = HashSet::with_capacity(len(pairs).min(4096));
    let mut before: Option<(f64, Element<'_>)> = None;
    let mut elements = pairs.iter();
    while let Some(member) = elements.next() {
        let score = elements.next().and_then(number).ok_or(Corrupt)?;
        let bytes = member.to_vec();
        let in_order = before.is_none_or(|(low, element)| {
            by_score(low, score).then_with(|| compare(element, &bytes)).is_lt()
        });
        if !in_order || !seen.insert(bytes) {
            return Err(Corrupt);
        }
        before = Some((score, member));
    }
    Ok(())
}

/// An element read as a score.
fn number(element: Element<'_>) -> Option<f64> {
    match element {
        Element::Int(value) => Some(value as f64),
        Element::Bytes(text) => parse_f64(text),
    }
}

/// The score that an element of a valid listpack stands for.
fn score_of(element: Element<'_>) -> f64 {
    number(element).unwrap_or(0.0)
}

/// The order of a stored member and another one.
pub(super) fn compare(element: Element<'_>, member: &[u8]) -> Ordering {
    element.as_bytes(&mut [0; 21]).cmp(member)
}

/// Where a member is, and its score. O(n).
pub(super) fn find(pairs: &Listpack, member: &[u8]) -> Option<(Cursor, f64)> {
    let cursor = pairs.find(member, 1)?;
    let score = pairs.next(cursor)?;
    Some((cursor, score_of(pairs.at(score))))
}

/// Inserts a member that is not there. O(n).
pub(super) fn insert(pairs: &mut Listpack, member: &[u8], score: f64) {
    let mut place = pairs.first();
    while let Some(cursor) = place {
        let Some(next) = pairs.next(cursor) else { break };
        let order = by_score(score_of(pairs.at(next)), score);
        if order.then_with(|| compare(pairs.at(cursor), member)).is_gt() {
            break;
        }
        place = pairs.next(next);
    }
    with_text(score, |text| pairs.insert_all_before(place, [member, text]));
}

/// Makes the small form out of members that come in order.
pub(super) struct Builder<'a> {
    pairs: listpack::Builder,
    limits: &'a Limits,
}

impl<'a> Builder<'a> {
    /// A builder for `count` members; `None` if the small form may not have so many.
    pub(super) fn new(count: usize, limits: &'a Limits) -> Option<Self> {
        let fits = count <= limits.zset_max_listpack_entries;
        fits.then(|| Builder { pairs: listpack::Builder::with_capacity(count * 16), limits })
    }

    /// Appends a member; `None` if it is too long for the small form.
    pub(super) fn push(&mut self, member: &[u8], score: f64) -> Option<()> {
        if member.len() > self.limits.zset_max_listpack_value || !self.pairs.can_grow(member.len())
        {
            return None;
        }
        self.pairs.push(member);
        with_text(score, |text| self.pairs.push(text));
        Some(())
    }

    pub(super) fn finish(self) -> Listpack {
        self.pairs.finish()
    }
}

/// Removes the pair that starts at `cursor`.
pub(super) fn remove(pairs: &mut Listpack, cursor: Cursor) {
    pairs.remove_entries(cursor, 2);
}

fn with_text<R>(score: f64, write: impl FnOnce(&[u8]) -> R) -> R {
    if score.abs() <= WHOLE_MAX && score.trunc() == score {
        return write(write_i64(score as i64, &mut [0; 21]));
    }
    write(format_f64(score).as_bytes())
}

/// How many members from the first on satisfy `before`. O(n).
pub(super) fn partition_point(
    pairs: &Listpack,
    mut before: impl FnMut(Element<'_>, f64) -> bool,
) -> usize {
    let mut all = Pairs::new(pairs, 0, len(pairs));
    all.by_ref().take_while(|(member, score)| before(*member, *score)).count()
}

/// The members at some ranks with their scores, from both ends.
#[derive(Clone)]
pub(super) struct Pairs<'a> {
    elements: listpack::Iter<'a>,
    /// Members to pass over before the first, and behind the last.
    front_skip: usize,
    back_skip: usize,
    /// The members still to come.
    rest: usize,
}

impl<'a> Pairs<'a> {
    /// The members from rank `start` to before `end`, which are ranks of `pairs`.
    pub(super) fn new(pairs: &'a Listpack, start: usize, end: usize) -> Self {
        Pairs {
            elements: pairs.iter(),
            front_skip: start,
            back_skip: len(pairs) - end,
            rest: end - start,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rest
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Element<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        self.nth(0)
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        if n >= self.rest {
            self.rest = 0;
            return None;
        }
        self.rest -= n + 1;
        let skip = std::mem::take(&mut self.front_skip) + n;
        let member = self.elements.nth(2 * skip)?;
        Some((member, score_of(self.elements.next()?)))
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.nth_back(0)
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        if n >= self.rest {
            self.rest = 0;
            return None;
        }
        self.rest -= n + 1;
        let skip = std::mem::take(&mut self.back_skip) + n;
        let score = score_of(self.elements.nth_back(2 * skip)?);
        Some((self.elements.next_back()?, score))
    }
}
