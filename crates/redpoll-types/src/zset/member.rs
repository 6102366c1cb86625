//! A member of a big sorted set, and the entry that both of its indices hold.

use crate::footprint;
use crate::table::{CowTable, Keyed};
use crate::tree::Item;
use redpoll_memory::tiers::{Shared, Tier};
use std::cmp::Ordering;

/// The bytes of a member: one allocation, one pointer, shared by the table and the tree.
#[derive(Clone)]
pub(super) struct Member(Shared);

impl Member {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Member(Shared::new(bytes))
    }

    pub(super) fn is_far(&self) -> bool {
        self.0.tier() == Tier::Far
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

/// A member with its score: 16 bytes in the table, and 16 in the tree, where a search then only
/// follows the pointer if scores are equal.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) score: f64,
    pub(super) member: Member,
}

impl Keyed for Entry {
    fn key(&self) -> &[u8] {
        self.member.bytes()
    }

    fn heap_bytes(&self) -> usize {
        // The count of references and the length stand before the bytes.
        let bytes = 2 * size_of::<usize>() + self.member.bytes().len();
        footprint::allocated(bytes)
    }
}

impl Item for Entry {
    type Key = Self;
    const UNIT_WEIGHT: bool = true;

    fn key(&self) -> &Self {
        self
    }

    /// In DRAM, as inner nodes are, wherever the member lies.
    fn separator(key: &Self) -> Self {
        match key.member.0.tier() {
            Tier::Near => key.clone(),
            Tier::Far => Entry { score: key.score, member: Member(key.member.0.copy_near()) },
        }
    }

    fn weight(&self) -> u64 {
        1
    }
}

impl Entry {
    /// How two entries are ordered. Follows the pointers only if scores are equal.
    pub(super) fn compare(&self, other: &Entry) -> Ordering {
        match by_score(self.score, other.score) {
            Ordering::Equal => self.member.bytes().cmp(other.member.bytes()),
            order => order,
        }
    }

    /// How this entry and `(score, member)` are ordered.
    pub(super) fn order(&self, score: f64, member: &[u8]) -> Ordering {
        by_score(self.score, score).then_with(|| self.member.bytes().cmp(member))
    }
}

/// A member of the tree that may be moved to another tier, and the table that refers to it, too.
pub struct Part<'a> {
    entry: &'a mut Entry,
    table: &'a mut CowTable<Entry>,
}

impl<'a> Part<'a> {
    pub(super) fn new(entry: &'a mut Entry, table: &'a mut CowTable<Entry>) -> Self {
        Part { entry, table }
    }

    pub(crate) fn tier(&self) -> Tier {
        self.entry.member.0.tier()
    }

    /// About how many bytes it has, without a look at far memory.
    pub(crate) fn len(&self) -> usize {
        self.entry.member.0.len_about()
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.entry.member.bytes()
    }

    /// Moves it, unless a snapshot shares the table's side; returns how many bytes have moved. A
    /// separator in an inner node keeps the block that it has.
    pub(crate) fn relocate(&mut self, tier: Tier) -> usize {
        let Some(twin) = self.table.get_own(self.entry.member.bytes()) else { return 0 };
        let Some(moved) = self.entry.member.0.copy_to(tier) else { return 0 };
        twin.member = Member(moved.clone());
        self.entry.member = Member(moved);
        self.entry.member.bytes().len()
    }
}

/// The order of scores, of which none is NaN; the two zeros are equal. Without a branch: a search
/// among random scores would guess each one wrong half the time.
#[inline]
pub(super) fn by_score(a: f64, b: f64) -> Ordering {
    (a > b).cmp(&(a < b))
}

/// Sums of both infinities count as 0.
pub(super) fn not_nan(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

const _: () = assert!(size_of::<Entry>() == 16);
