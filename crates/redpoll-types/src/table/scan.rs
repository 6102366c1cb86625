//! Walking a table: all at once, or a little at a time while it changes.

use std::slice;

use triomphe::Arc;

use super::segment::Segment;
use super::{Chunk, CowTable, DEPTH_MAX, Keyed};

impl<E: Keyed + Clone> CowTable<E> {
    /// All entries, in no useful order.
    pub fn iter(&self) -> Iter<'_, E> {
        Iter {
            chunks: self.root.nodes().iter(),
            segments: [].iter(),
            entries: [].iter(),
            left: self.len(),
        }
    }

    /// Visits some entries, about `count`, and returns the cursor to go on with: 0 when all have
    /// been visited. A scan starts with cursor 0.
    ///
    /// An entry that is there from the start of a scan to its end is visited at least once,
    /// whatever is inserted and removed in between; others may or may not be, and after removals
    /// some may be visited twice. Any number is a valid cursor. O(count).
    ///
    /// A scan goes through the hashes in ascending order, a whole segment at a time; a position is
    /// where a segment begins or once began. Segments split and join, but they never overlap and
    /// always cover all hashes, so going on at a position loses nothing. The cursor is the position
    /// with its bits reversed, as positions have zeros at their end and a small number is nicer.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&E)) -> u64 {
        // Merging keeps segments from being empty in long runs; the bound is for the odd case.
        let most_segments = count.saturating_add(1);
        let mut position = (cursor & ((1 << DEPTH_MAX) - 1)).reverse_bits();
        let mut visited = 0;
        for _ in 0..most_segments {
            let segment = self.segment(position);
            segment.entries().iter().for_each(&mut visit);
            visited += segment.len();
            let Some(next) = end_of(position, segment.depth()) else { return 0 };
            position = next;
            if visited >= count {
                break;
            }
        }
        position.reverse_bits()
    }
}

/// The same for entries that are to be changed in place.
impl<E: Keyed + Clone> CowTable<E> {
    /// As [`CowTable::scan`], with entries that the visitor may change, but for their keys. Those
    /// that are shared with a snapshot are left out. `None` when all have been visited. Ends sooner
    /// when the visitor answers false, but not before the end of a segment.
    pub fn visit_own(
        &mut self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&mut E) -> bool,
    ) -> Option<u64> {
        let mut position = (cursor & ((1 << DEPTH_MAX) - 1)).reverse_bits();
        let mut visited = 0;
        while visited < count.max(1) {
            let segment = self.segment(position);
            let depth = segment.depth();
            visited += segment.len().max(1);
            let own = self.root.own(position).and_then(|chunk| chunk.segments.own(position));
            if let Some(segment) = own {
                let seen = (0..segment.len()).map(|at| visit(segment.entry_mut(at)));
                if !seen.fold(true, |goes_on, more| goes_on & more) {
                    visited = count.max(1);
                }
            }
            position = end_of(position, depth)?;
        }
        Some(position.reverse_bits())
    }
}

/// Where the hashes that share `position`'s first `depth` bits end; `None` if with the last hash.
pub(super) fn end_of(position: u64, depth: u8) -> Option<u64> {
    let width = 1u64.checked_shl(64 - u32::from(depth))?;
    (position & !(width - 1)).checked_add(width)
}

/// The entries of a table; made by [`CowTable::iter`].
pub struct Iter<'a, E> {
    chunks: slice::Iter<'a, Arc<Chunk<E>>>,
    segments: slice::Iter<'a, Arc<Segment<E>>>,
    entries: slice::Iter<'a, E>,
    left: usize,
}

impl<'a, E: Clone> Iterator for Iter<'a, E> {
    type Item = &'a E;

    fn next(&mut self) -> Option<&'a E> {
        loop {
            if let Some(entry) = self.entries.next() {
                self.left -= 1;
                return Some(entry);
            }
            match self.segments.next() {
                Some(segment) => self.entries = segment.entries().iter(),
                None => self.segments = self.chunks.next()?.segments.nodes().iter(),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<E: Clone> ExactSizeIterator for Iter<'_, E> {}

impl<'a, E: Keyed + Clone> IntoIterator for &'a CowTable<E> {
    type Item = &'a E;
    type IntoIter = Iter<'a, E>;

    fn into_iter(self) -> Iter<'a, E> {
        self.iter()
    }
}
