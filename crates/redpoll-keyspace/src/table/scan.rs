//! SCAN: a walk in the order of the hash, in steps, while the table grows and shrinks.
//!
//! A cursor names a segment by the leading tag bits it covers, and a place in it. Splitting or
//! merging segments and growing them keep that order, so an entry that is there during the whole
//! walk is met: after a split the walk goes on in the lower half and meets the upper half from its
//! start (some entries twice); after a merge, which the cursor's remembered depth reveals, it
//! starts the merged one anew.

use super::{Place, Table, tag_of};
use crate::entry::EntryRef;

/// Where a walk of a table stands. The default is the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The leading tag bits of the segment at hand, left-aligned.
    prefix: u16,
    /// The depth that the segment had.
    depth: u8,
    /// The first place (hash order within the segment) not yet walked.
    place: u16,
}

impl Cursor {
    /// The number of bits that [`Cursor::to_bits`] uses.
    pub const BITS: u32 = 16 + 16 + 5;

    /// The cursor as a number; 0 is the start.
    pub fn to_bits(self) -> u64 {
        u64::from(self.depth) << 32 | u64::from(self.prefix) << 16 | u64::from(self.place)
    }

    /// The cursor of a number, which may come from anywhere: whatever it is, the walk ends.
    pub fn from_bits(bits: u64) -> Self {
        let depth = (bits >> 32 & 31) as u8;
        Cursor { prefix: (bits >> 16) as u16, depth: depth.min(16), place: bits as u16 }
    }
}

impl<V> Table<V> {
    /// Calls `visit` for the entries of at least one bucket from `cursor` on; returns where to go
    /// on, or `None` at the end. O(1) expected.
    pub fn scan_step<'a>(
        &'a self,
        cursor: Cursor,
        visit: &mut impl FnMut(EntryRef<'a, V>),
    ) -> Option<Cursor> {
        self.places_step(cursor, |place| visit(self.entry(place)))
    }

    /// As [`Table::scan_step`], but `visit` is given places.
    pub(crate) fn places_step(
        &self,
        cursor: Cursor,
        mut visit: impl FnMut(Place),
    ) -> Option<Cursor> {
        if self.directory.is_empty() {
            return None;
        }
        let slot = self.slot_of(u64::from(cursor.prefix) << 16);
        debug_assert_eq!(tag_of(u64::from(cursor.prefix) << 16), cursor.prefix);
        let segment = self.segment(slot);
        let merged = segment.depth < cursor.depth;
        let place = if merged { 0 } else { cursor.place };
        let buckets = segment.buckets().len();
        let bucket = (place as usize * buckets) >> 16;
        segment.prefetch_entries(bucket);
        segment.prefetch_entries(bucket + 1);
        for at in segment.at_home(bucket) {
            visit(Place { slot, at });
        }
        let first = u32::from(cursor.prefix) & !(0xffff >> segment.depth);
        if bucket + 1 < buckets {
            let place = ((bucket + 1) << 16).div_ceil(buckets) as u16;
            return Some(Cursor { prefix: first as u16, depth: segment.depth, place });
        }
        let next = first + (0x1_0000 >> segment.depth);
        u16::try_from(next).ok().map(|prefix| Cursor { prefix, depth: 0, place: 0 })
    }
}
