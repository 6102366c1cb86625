//! A member of a big sorted set, and the entry that both of its indices hold.

use crate::footprint;
use crate::table::Keyed;
use crate::tree::Item;
use std::cmp::Ordering;
use triomphe::ThinArc;

/// The bytes of a member: one allocation, one pointer, shared by the table and the tree.
#[derive(Clone)]
pub(super) struct Member(ThinArc<(), u8>);

impl Member {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Member(ThinArc::from_header_and_slice((), bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.slice
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
        footprint::allocated(bytes.next_multiple_of(size_of::<usize>()))
    }
}

impl Item for Entry {
    type Key = Self;
    const UNIT_WEIGHT: bool = true;

    fn key(&self) -> &Self {
        self
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
