//! Unions, intersections and differences of large sorted sets, in steps that threads take side by
//! side.
//!
//! ```text
//! sources ──> part of the table ──┐ entries ──> dealt ──┐ run, sorted ──> piece of the tree ──┐
//! sources ──> part of the table ──┤ entries ──> dealt ──┤ run, sorted ──> piece of the tree ──┤ set
//! sources ──> part of the table ──┘ entries ──> dealt ──┘ run, sorted ──> piece of the tree ──┘
//! ```
//!
//! The members are computed part by part ([`Part`]), each part in a table of its own
//! ([`ScoredPart`]), and the tables are put together in the end. For the order, all entries are
//! dealt out to runs between bounds ([`Bounds`]) that are drawn from them, so that runs are about
//! equally long, whatever the scores are; a run is sorted and becomes a piece of the tree.
//!
//! Members of sorted sets are shared with the result: their bytes are not copied.

use super::big::Big;
use super::member::{Entry, Member, not_nan};
use super::{Repr, ZSet};
use crate::set::{self, Set};
use crate::table::{CowTable, Hashed, Part};
use crate::tree::CowTree;

/// Entries that are drawn for each bound.
const DRAWN: usize = 32;

/// One of the sets that a result is made of, a snapshot of it.
pub struct Source(Inner);

enum Inner {
    Set(Set),
    ZSet(ZSet),
    /// What was joined before.
    Joined(CowTable<Entry>),
}

/// A member that a source has shown, with its score there: 1 in a plain set.
#[derive(Clone, Copy)]
pub struct Met<'a> {
    hashed: Hashed<'a>,
    /// The score.
    pub score: f64,
    shared: Option<&'a Member>,
}

impl<'a> Met<'a> {
    /// A member that no source has shown.
    pub fn new(member: &'a [u8], score: f64) -> Self {
        Met { hashed: Hashed::of(member), score, shared: None }
    }

    fn entry(&self, score: f64) -> Entry {
        let member = match self.shared {
            Some(member) => member.clone(),
            None => Member::new(self.hashed.key),
        };
        Entry { score: not_nan(score), member }
    }
}

impl From<&Set> for Source {
    fn from(set: &Set) -> Self {
        Source(Inner::Set(set.clone()))
    }
}

impl From<&ZSet> for Source {
    fn from(set: &ZSet) -> Self {
        Source(Inner::ZSet(set.clone()))
    }
}

impl From<ScoredPart> for Source {
    fn from(joined: ScoredPart) -> Self {
        Source(Inner::Joined(joined.table))
    }
}

/// Where the entries of a source lie.
enum Table<'a> {
    Scored(&'a CowTable<Entry>),
    Plain(&'a CowTable<set::Member>),
}

impl Source {
    /// The number of members.
    pub fn len(&self) -> usize {
        match &self.0 {
            Inner::Set(set) => set.len(),
            Inner::ZSet(set) => set.len(),
            Inner::Joined(table) => table.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn table(&self) -> Option<Table<'_>> {
        match &self.0 {
            Inner::Set(set) => set.table().map(Table::Plain),
            Inner::ZSet(ZSet { repr: Repr::Big(big) }) => Some(Table::Scored(big.table())),
            Inner::ZSet(_) => None,
            Inner::Joined(table) => Some(Table::Scored(table)),
        }
    }

    /// Visits the members of a part. A source that is small has no parts, and shows none.
    pub fn visit_part<'a>(&'a self, part: Part, mut visit: impl FnMut(Met<'a>)) {
        match self.table() {
            Some(Table::Scored(table)) => table.visit_part(part, |hashed, entry| {
                visit(Met { hashed, score: entry.score, shared: Some(&entry.member) });
            }),
            Some(Table::Plain(table)) => table.visit_part(part, |hashed, _| {
                visit(Met { hashed, score: 1.0, shared: None });
            }),
            None => {}
        }
    }

    /// The score of a member that another source has shown.
    #[inline]
    pub fn score_of(&self, member: &Met<'_>) -> Option<f64> {
        match self.table() {
            Some(Table::Scored(table)) => table.get_hashed(member.hashed).map(|entry| entry.score),
            Some(Table::Plain(table)) => table.get_hashed(member.hashed).map(|_| 1.0),
            None => match &self.0 {
                Inner::ZSet(set) => set.score(member.hashed.key),
                Inner::Set(set) => set.contains(member.hashed.key).then_some(1.0),
                Inner::Joined(_) => None,
            },
        }
    }
}

/// A part of a result, without an order.
pub struct ScoredPart {
    table: CowTable<Entry>,
}

impl ScoredPart {
    /// An empty one.
    pub fn new(part: Part) -> Self {
        ScoredPart { table: CowTable::of_part(part) }
    }

    /// Adds a member with a score; if it is there, that becomes what `join` makes of its score.
    #[inline]
    pub fn join(&mut self, member: &Met<'_>, score: f64, join: impl FnOnce(f64) -> f64) {
        self.table.upsert_hashed(
            member.hashed,
            |entry| entry.score = not_nan(join(entry.score)),
            || member.entry(score),
        );
    }

    /// Removes a member.
    pub fn remove(&mut self, member: &Met<'_>) {
        self.table.remove_hashed(member.hashed);
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// All entries, to be ordered.
    pub fn entries(&self) -> Run {
        Run(self.table.iter().cloned().collect())
    }
}

/// Entries of a result; see the module's head.
#[derive(Default)]
pub struct Run(Vec<Entry>);

/// What the runs lie between.
pub struct Bounds(Vec<Entry>);

/// A piece of the tree of a result.
pub struct Index(CowTree<Entry>);

impl Bounds {
    /// The bounds of `count` runs of about the same length.
    pub fn of(entries: &[Run], count: usize) -> Self {
        let len: usize = entries.iter().map(Run::len).sum();
        let stride = (len / (count * DRAWN).max(1)).max(1);
        let all = entries.iter().flat_map(|run| &run.0);
        let mut drawn: Vec<Entry> = all.step_by(stride).cloned().collect();
        drawn.sort_unstable_by(Entry::compare);
        let between = (1..count).filter_map(|number| drawn.get(drawn.len() * number / count));
        Bounds(between.cloned().collect())
    }

    /// The number of runs.
    pub fn runs(&self) -> usize {
        self.0.len() + 1
    }
}

impl Run {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Deals the entries out, to one run for each place between the bounds.
    pub fn deal(self, bounds: &Bounds) -> Vec<Run> {
        let room = self.len() / bounds.runs() * 5 / 4;
        let mut dealt: Vec<Run> =
            (0..bounds.runs()).map(|_| Run(Vec::with_capacity(room))).collect();
        for entry in self.0 {
            let run = bounds.0.partition_point(|bound| bound.compare(&entry).is_le());
            dealt[run].0.push(entry);
        }
        dealt
    }

    /// The entries of several runs in their order.
    pub fn sorted(pieces: impl IntoIterator<Item = Run>) -> Self {
        let mut entries: Vec<Entry> = pieces.into_iter().flat_map(|piece| piece.0).collect();
        entries.sort_unstable_by(Entry::compare);
        Run(entries)
    }

    /// The members with their scores.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&[u8], f64)> {
        self.0.iter().map(|entry| (entry.member.bytes(), entry.score))
    }

    /// The piece of the tree that a sorted run is.
    pub fn into_index(self) -> Index {
        Index(self.0.into_iter().collect())
    }
}

impl ZSet {
    /// Whether the set can be visited in parts, as a [`Source`].
    pub fn has_parts(&self) -> bool {
        matches!(self.repr, Repr::Big(_))
    }

    /// The set of all parts in their order, and of the pieces of its tree, which hold the same
    /// members. A big one, whatever their number.
    pub fn from_parts(parts: Vec<ScoredPart>, order: Vec<Index>) -> Self {
        let table = CowTable::join_parts(parts.into_iter().map(|part| part.table).collect());
        let mut tree = CowTree::new();
        order.into_iter().for_each(|piece| tree.append(piece.0));
        ZSet { repr: Repr::Big(Box::new(Big::from_indices(table, tree))) }
    }
}

const _: () = {
    // A part is worked on by one thread and joined by another.
    const fn is_sent<T: Send + Sync>() {}
    is_sent::<Source>();
    is_sent::<ScoredPart>();
    is_sent::<Run>();
};
