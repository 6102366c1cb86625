//! The sorted set value.
//!
//! A small one is a listpack of members and scores. A big one has two indices over the same
//! members: a hash table from member to score, and a counted tree ordered by score and member,
//! which knows ranks. The names of both forms (`listpack`, `skiplist`) and the limits between them
//! are Redis's; as there, a set that has become big stays so, unless [`ZSet::compact`] is called.
//!
//! Every kind of interval is turned into ranks first (`ranks_by_…`, O(log n)): their number is
//! what ZCOUNT asks, [`ZSet::range`] walks them in either direction, [`ZSet::remove_range`] removes
//! them.
//!
//! A big set costs a member its bytes and 16 for their allocation, 21 in the table, 19 in the tree;
//! Redis 7.0 pays about 90 and the bytes.
//!
//! The files: `packed` and `big` the two forms, `member` what the big one holds, `interval` ends
//! of intervals and their texts, `update` the rules of ZADD, `iter` the walk, `part` what threads do
//! side by side.

mod big;
mod interval;
mod iter;
pub(crate) mod member;
mod packed;
mod part;
#[cfg(test)]
mod tests;
mod update;

pub use interval::{Invalid, LexEnd, LexRange, ScoreRange};
pub use iter::Iter;
pub use part::{Bounds, Index, Met, Run, ScoredPart, Source};
pub use update::{Update, Updated};

use crate::footprint;
use crate::limits::Limits;
use crate::listpack::{Corrupt, Element, Listpack};
use crate::parts::Block;
use crate::rng::Rng;
use big::Big;
use iter::Inner;
use member::{Entry, Member, by_score};
use std::collections::HashSet;
use std::ops::Range;

/// A set of byte strings, each with a score that is not NaN, ordered by score and then by bytes.
///
/// A clone is a snapshot: some pointers for a big set, a copy of some kilobytes for a small one.
/// No key holds an empty sorted set, but the type may be empty.
#[derive(Clone)]
pub struct ZSet {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    Packed(Listpack),
    /// Boxed so that the many small sets do not pay for the few big ones.
    Big(Box<Big>),
}

impl Default for ZSet {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for ZSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Members that are removed one after the other rather than as a range.
const ONE_BY_ONE: usize = 4;

impl ZSet {
    /// The elements as one run of bytes, if the set is small.
    pub(crate) fn as_packed(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// The same, to be moved to another tier.
    pub(crate) fn as_packed_mut(&mut self) -> Option<&mut Listpack> {
        match &mut self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// Bytes of members of a big set in far memory. O(n).
    pub(crate) fn far_bytes(&self) -> usize {
        match &self.repr {
            Repr::Big(big) => big.far_bytes(),
            Repr::Packed(_) => 0,
        }
    }

    /// See [`crate::value::Value::visit_parts`]. The members of a big set.
    pub(crate) fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        match &mut self.repr {
            Repr::Big(big) => big.visit_parts(from, count, visit),
            Repr::Packed(_) => None,
        }
    }

    /// An empty set.
    pub fn new() -> Self {
        ZSet { repr: Repr::Packed(Listpack::new()) }
    }

    /// An empty set in the form that suits `count` members of at most `longest` bytes.
    pub fn with_hint(count: usize, longest: usize, limits: &Limits) -> Self {
        let mut set = Self::new();
        if longest > limits.zset_max_listpack_value {
            set.unpack();
        }
        set.expect(count, limits);
        set
    }

    /// The set of a listpack of members and scores, which are checked to be distinct and in order;
    /// a big one if they are more than the limit. O(n).
    pub fn from_listpack(pairs: Listpack, limits: &Limits) -> Result<Self, Corrupt> {
        packed::validate(&pairs)?;
        let mut set = ZSet { repr: Repr::Packed(pairs) };
        set.expect(set.len(), limits);
        Ok(set)
    }

    /// The set of these members, in the form that suits them; of equal members the last counts. A
    /// score that is NaN (a sum of both infinities) counts as 0, as for ZUNIONSTORE. Cheaper than
    /// inserting one by one. O(n log n).
    pub fn from_members<M: AsRef<[u8]>>(
        members: impl IntoIterator<Item = (M, f64)>,
        limits: &Limits,
    ) -> Self {
        let mut set = ZSet { repr: Repr::Big(Box::new(Big::from_members(members))) };
        set.compact(limits);
        set
    }

    /// As [`ZSet::from_members`], of members of which no two are equal. O(n log n).
    pub fn from_distinct<M: AsRef<[u8]>>(mut members: Vec<(M, f64)>, limits: &Limits) -> Self {
        match Self::pack_distinct(&mut members, limits) {
            Some(pairs) => ZSet { repr: Repr::Packed(pairs) },
            None => ZSet { repr: Repr::Big(Box::new(Big::from_members(members))) },
        }
    }

    fn pack_distinct<M: AsRef<[u8]>>(
        members: &mut [(M, f64)],
        limits: &Limits,
    ) -> Option<Listpack> {
        let mut pairs = packed::Builder::new(members.len(), limits)?;
        members.iter_mut().for_each(|(_, score)| *score = member::not_nan(*score));
        members.sort_unstable_by(|(a, low), (b, high)| {
            by_score(*low, *high).then_with(|| a.as_ref().cmp(b.as_ref()))
        });
        for (member, score) in members {
            pairs.push(member.as_ref(), *score)?;
        }
        Some(pairs.finish())
    }

    /// The listpack of members and scores that a small set is, for a dump.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(pairs) => Some(pairs),
            Repr::Big(_) => None,
        }
    }

    /// Leaves the small form if the set is about to get `count` members, as ZADD does before it
    /// adds any: the encoding that results is visible.
    pub fn expect(&mut self, count: usize, limits: &Limits) {
        if count > limits.zset_max_listpack_entries {
            self.unpack();
        }
    }

    /// Goes back to the small form if number and lengths of the members allow; commands that store
    /// a result do so. O(limit).
    pub fn compact(&mut self, limits: &Limits) {
        let Repr::Big(_) = &self.repr else { return };
        let Some(pairs) = self.packed(0..self.len(), limits) else { return };
        self.repr = Repr::Packed(pairs);
    }

    /// The number of members. O(1).
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Packed(pairs) => packed::len(pairs),
            Repr::Big(big) => big.len(),
        }
    }

    /// True if there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What `OBJECT ENCODING` calls the present form: `listpack` or `skiplist`.
    pub fn encoding(&self) -> &'static str {
        match &self.repr {
            Repr::Packed(_) => "listpack",
            Repr::Big(_) => "skiplist",
        }
    }

    /// The bytes on the heap, estimated from some of the members (all of them if `samples` is 0).
    pub fn memory_usage(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Packed(pairs) => footprint::allocated(pairs.bytes_len()),
            Repr::Big(big) => big.memory_usage(samples),
        }
    }

    /// Roughly how many allocations it takes to free the set.
    pub fn free_effort(&self) -> usize {
        match &self.repr {
            Repr::Packed(_) => 1,
            Repr::Big(big) => big.len(),
        }
    }

    /// The score of a member. O(1).
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.repr {
            Repr::Packed(pairs) => packed::find(pairs, member).map(|(_, score)| score),
            Repr::Big(big) => big.score(member),
        }
    }

    /// The rank of a member, counted from the lowest score, and its score. O(log n).
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.repr {
            Repr::Packed(pairs) => {
                let mut all = packed::Pairs::new(pairs, 0, packed::len(pairs)).enumerate();
                let (rank, (_, score)) = all.find(|(_, (element, _))| element.eq_bytes(member))?;
                Some((rank, score))
            }
            Repr::Big(big) => big.rank(member),
        }
    }

    /// The rank of a member, counted from the highest score, and its score. O(log n).
    pub fn rev_rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let (rank, score) = self.rank(member)?;
        Some((self.len() - 1 - rank, score))
    }

    /// The member at a rank, and its score. O(log n).
    pub fn get(&self, rank: usize) -> Option<(Element<'_>, f64)> {
        self.range(rank..rank.saturating_add(1)).next()
    }

    /// Removes a member; returns its score if it was there. O(log n).
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.repr {
            Repr::Packed(pairs) => {
                let (cursor, score) = packed::find(pairs, member)?;
                packed::remove(pairs, cursor);
                Some(score)
            }
            Repr::Big(big) => big.remove(member),
        }
    }

    /// Takes out the member of the lowest score. O(log n).
    pub fn pop_min(&mut self) -> Option<(Vec<u8>, f64)> {
        self.remove_at(0)
    }

    /// Takes out the member of the highest score. O(log n).
    pub fn pop_max(&mut self) -> Option<(Vec<u8>, f64)> {
        self.remove_at(self.len().checked_sub(1)?)
    }

    fn remove_at(&mut self, rank: usize) -> Option<(Vec<u8>, f64)> {
        if let Repr::Big(big) = &mut self.repr {
            let entry = big.remove_at(rank)?;
            return Some((entry.member.bytes().to_vec(), entry.score));
        }
        let (member, score) = self.get(rank)?;
        let member = member.to_vec();
        self.remove_range(rank..rank + 1);
        Some((member, score))
    }

    /// The ranks that ZRANGE means by two indices, both included and counted from the end if
    /// negative.
    pub fn ranks_by_index(&self, start: i64, stop: i64) -> Range<usize> {
        let len = self.len() as i64;
        let from_end = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
        let start = from_end(start).max(0);
        let stop = from_end(stop).min(len - 1);
        if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
    }

    /// The ranks of the members whose scores are in an interval. O(log n).
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        let (start, end) = match &self.repr {
            Repr::Packed(pairs) => (
                packed::partition_point(pairs, |_, score| !range.reaches_min(score)),
                packed::partition_point(pairs, |_, score| range.within_max(score)),
            ),
            Repr::Big(big) => (
                big.partition_point(|entry| !range.reaches_min(entry.score)),
                big.partition_point(|entry| range.within_max(entry.score)),
            ),
        };
        start..end.max(start)
    }

    /// The ranks of the members that are in an interval of byte order; some ranks if scores differ,
    /// which then mean nothing. O(log n).
    pub fn ranks_by_lex(&self, range: &LexRange<'_>) -> Range<usize> {
        let (start, end) = match &self.repr {
            Repr::Packed(pairs) => {
                let mut text = [0; 21];
                (
                    packed::partition_point(pairs, |member, _| {
                        !range.reaches_min(member.as_bytes(&mut text))
                    }),
                    packed::partition_point(pairs, |member, _| {
                        range.within_max(member.as_bytes(&mut text))
                    }),
                )
            }
            Repr::Big(big) => (
                big.partition_point(|entry| !range.reaches_min(entry.member.bytes())),
                big.partition_point(|entry| range.within_max(entry.member.bytes())),
            ),
        };
        start..end.max(start)
    }

    /// The members at these ranks with their scores, from both ends; ranks that no member has are
    /// left out. O(log n) for the first, O(1) for each further one.
    pub fn range(&self, ranks: Range<usize>) -> Iter<'_> {
        let end = ranks.end.min(self.len());
        let start = ranks.start.min(end);
        Iter(match &self.repr {
            Repr::Packed(pairs) => Inner::Packed(packed::Pairs::new(pairs, start, end)),
            Repr::Big(big) => Inner::Big(big.range(start, end)),
        })
    }

    /// A set of the members at these ranks. O(log n + k).
    pub fn slice(&self, ranks: Range<usize>, limits: &Limits) -> ZSet {
        if let Some(pairs) = self.packed(ranks.clone(), limits) {
            return ZSet { repr: Repr::Packed(pairs) };
        }
        let members = self.range(ranks).map(|(member, score)| (member.to_vec(), score));
        ZSet { repr: Repr::Big(Box::new(Big::from_members(members))) }
    }

    /// The small form of the members at these ranks if number and lengths allow it.
    fn packed(&self, ranks: Range<usize>, limits: &Limits) -> Option<Listpack> {
        let members = self.range(ranks);
        let mut pairs = packed::Builder::new(members.len(), limits)?;
        for (member, score) in members {
            pairs.push(member.as_bytes(&mut [0; 21]), score)?;
        }
        Some(pairs.finish())
    }

    /// All members with their scores.
    pub fn iter(&self) -> Iter<'_> {
        self.range(0..self.len())
    }

    /// Removes the members at these ranks; returns how many there were. O(log n + k).
    pub fn remove_range(&mut self, ranks: Range<usize>) -> usize {
        let end = ranks.end.min(self.len());
        let count = end.saturating_sub(ranks.start);
        if count == 0 {
            return 0;
        }
        match &mut self.repr {
            Repr::Packed(pairs) => {
                pairs.remove_range(2 * ranks.start as i64, 2 * count);
            }
            // One by one needs no cutting of the tree.
            Repr::Big(big) if count <= ONE_BY_ONE => {
                (0..count).for_each(|_| drop(big.remove_at(ranks.start)));
            }
            Repr::Big(big) => big.remove_range(ranks.start, end),
        }
        count
    }

    /// A member, each with the same probability. O(log n).
    pub fn random(&self, rng: &mut (impl Rng + ?Sized)) -> Option<(Element<'_>, f64)> {
        self.get(rng.below(self.len() as u64) as usize)
    }

    /// `count` different members, each such choice with the same probability; all members if there
    /// are no more. The order means nothing. O(count log n).
    pub fn sample(&self, count: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<(Element<'_>, f64)> {
        let len = self.len();
        if count >= len {
            return self.iter().collect();
        }
        // Floyd's way: the i-th draw is from one rank more than the draw before, and a rank that
        // was drawn already stands for the new one. No draw is in vain.
        let mut ranks = HashSet::with_capacity(count);
        for newest in len - count..len {
            let rank = rng.below(newest as u64 + 1) as usize;
            if !ranks.insert(rank) {
                ranks.insert(newest);
            }
        }
        ranks.into_iter().filter_map(|rank| self.get(rank)).collect()
    }

    /// Visits some members, about `count`, and returns the cursor for going on; 0 at the start and
    /// at the end. Members that are there all the time are visited at least once, whatever happens
    /// to others between the calls. A small set is visited at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Element<'_>, f64)) -> u64 {
        match &self.repr {
            Repr::Packed(_) => {
                self.iter().for_each(|(member, score)| visit(member, score));
                0
            }
            Repr::Big(big) => big.table().scan(cursor, count, |entry| {
                visit(Element::Bytes(entry.member.bytes()), entry.score);
            }),
        }
    }

    /// Turns the set into its big form, if it is not yet.
    fn unpack(&mut self) -> &mut Big {
        if let Repr::Packed(pairs) = &self.repr {
            let pairs = packed::Pairs::new(pairs, 0, packed::len(pairs));
            let entry = |(member, score): (Element<'_>, f64)| Entry {
                score,
                member: Member::new(member.as_bytes(&mut [0; 21])),
            };
            self.repr = Repr::Big(Box::new(pairs.map(entry).collect()));
        }
        match &mut self.repr {
            Repr::Big(big) => big,
            Repr::Packed(_) => unreachable!("it was unpacked just now"),
        }
    }
}

impl<'a> IntoIterator for &'a ZSet {
    type Item = (Element<'a>, f64);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
