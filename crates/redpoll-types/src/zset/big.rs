//! A big sorted set: a table from member to score, and a tree ordered by score and member.

use super::member::{Entry, Member, Part, not_nan};
use crate::footprint;
use crate::parts::Block;
use crate::table::CowTable;
use crate::tree::{CowTree, Range};

/// Both indices; they hold the same entries.
#[derive(Clone, Default)]
pub(super) struct Big {
    table: CowTable<Entry>,
    tree: CowTree<Entry>,
}

impl Big {
    /// The set of these members; of equal ones the last counts, and NaN is 0.
    pub(super) fn from_members<M: AsRef<[u8]>>(
        members: impl IntoIterator<Item = (M, f64)>,
    ) -> Self {
        let mut table = CowTable::new();
        for (member, score) in members {
            let score = not_nan(score);
            table.insert(Entry { score, member: Member::new(member.as_ref()) });
        }
        let mut entries: Vec<Entry> = table.iter().cloned().collect();
        entries.sort_unstable_by(Entry::compare);
        Big { table, tree: entries.into_iter().collect() }
    }

    /// The set of these indices, which hold the same entries.
    pub(super) fn from_indices(table: CowTable<Entry>, tree: CowTree<Entry>) -> Self {
        debug_assert_eq!(table.len() as u64, tree.weight(), "the same entries");
        Big { table, tree }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn table(&self) -> &CowTable<Entry> {
        &self.table
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.table.get(member).map(|entry| entry.score)
    }

    /// Adds a member that is not there. O(log n).
    pub(super) fn insert(&mut self, member: &[u8], score: f64) {
        let entry = Entry { score, member: Member::new(member) };
        self.tree.insert_by(|key| key.order(score, member), entry.clone());
        self.table.insert(entry);
    }

    /// Changes the score of a member that is there. O(log n).
    pub(super) fn change(&mut self, member: &[u8], old: f64, new: f64) {
        self.tree.rekey_by(
            |key| key.order(old, member),
            |key| key.order(new, member),
            |entry| entry.score = new,
        );
        if let Some(entry) = self.table.get_mut(member) {
            entry.score = new;
        }
    }

    /// Removes a member; returns its score if it was there. O(log n).
    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let entry = self.table.remove(member)?;
        self.tree.remove_by(|key| key.order(entry.score, member));
        Some(entry.score)
    }

    /// The rank of a member, and its score. O(log n).
    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        let rank = self.tree.rank_by(|key| key.order(score, member)).ok()?;
        Some((rank as usize, score))
    }

    /// How many entries from the first on satisfy `before`. O(log n).
    pub(super) fn partition_point(&self, before: impl FnMut(&Entry) -> bool) -> usize {
        self.tree.partition_point(before) as usize
    }

    /// The entries at these ranks.
    pub(super) fn range(&self, start: usize, end: usize) -> Range<'_, Entry> {
        self.tree.range(start as u64..end as u64)
    }

    /// Removes the entries at these ranks. O(log n + k).
    pub(super) fn remove_range(&mut self, start: usize, end: usize) {
        for entry in &self.tree.remove_range(start as u64..end as u64) {
            self.table.remove(entry.member.bytes());
        }
    }

    /// Takes out the entry at a rank. O(log n).
    pub(super) fn remove_at(&mut self, rank: usize) -> Option<Entry> {
        let entry = self.tree.remove_at(rank as u64)?;
        self.table.remove(entry.member.bytes());
        Some(entry)
    }

    /// Bytes of members in far memory. O(n).
    pub(super) fn far_bytes(&self) -> usize {
        let all = self.table.iter().map(|entry| &entry.member);
        all.filter(|member| member.is_far()).map(|member| member.bytes().len()).sum()
    }

    /// See [`crate::value::Value::visit_parts`]. The members.
    pub(super) fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        let table = &mut self.table;
        self.tree.visit_own(from, count, |entry| visit(Block::Member(Part::new(entry, table))))
    }

    /// The bytes on the heap, estimated from some of the members (all of them if `samples` is 0).
    pub(super) fn memory_usage(&self, samples: usize) -> usize {
        // The table counts what entries own, and both own the same.
        let (table, tree) =
            (self.table.memory_bytes(samples), self.tree.memory_usage(samples, |_| 0));
        footprint::allocated(size_of::<Self>()) + table + tree
    }
}

/// Builds both indices from entries that are in order and distinct.
impl FromIterator<Entry> for Big {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        let mut table = CowTable::new();
        let add = |entry: &Entry| drop(table.insert(entry.clone()));
        let tree = entries.into_iter().inspect(add).collect();
        Big { table, tree }
    }
}
