//! A segment: up to 64 entries that share the leading bits of their hashes.
//!
//! ```text
//! | tags: 64 bytes | entries: pointer, length, room | depth |
//!                        └── entry 0, entry 1, …              (packed, in no order)
//! ```
//!
//! Byte i of the tags is eight hash bits of entry i. A lookup searches the tags with the machine's
//! widest compare and looks at an entry only where its tag agrees, so that a miss seldom leaves the
//! tags' cache line. Entries are packed: removal moves the last one into the hole, iteration is a
//! slice, and the buffer grows in steps of eight entries, which are the allocator's size classes,
//! so that a table of n entries wastes next to nothing. Segments are small enough that copying one
//! for a snapshot's sake takes a few microseconds.

use super::{Keyed, hash_of};
use crate::footprint;

/// Entries at which a segment splits.
pub(super) const CAPACITY: usize = 64;
/// The buffer grows by this many entries.
const STEP: usize = 8;

/// Entries whose hashes share their first `depth` bits.
#[derive(Clone)]
pub(super) struct Segment<E> {
    tags: [u8; CAPACITY],
    /// More than [`CAPACITY`] only where a split is impossible: at the greatest depth, that is
    /// never while the hash is a secret. Entries beyond the tags are searched one by one.
    entries: Vec<E>,
    depth: u8,
}

impl<E> Segment<E> {
    pub(super) fn new(depth: u8) -> Self {
        Self { tags: [0; CAPACITY], entries: Vec::new(), depth }
    }

    pub(super) fn depth(&self) -> u8 {
        self.depth
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> &[E] {
        &self.entries
    }

    pub(super) fn entry_mut(&mut self, at: usize) -> &mut E {
        &mut self.entries[at]
    }
}

/// The hash bits kept as a tag: the lowest, as the highest choose the segment.
fn tag_of(hash: u64) -> u8 {
    hash as u8
}

impl<E: Keyed> Segment<E> {
    /// The place of the entry of `key`.
    #[inline]
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        self.find_where(hash, |entry| entry.key() == key)
    }

    /// The place of the first entry that may have this hash and satisfies `wanted`.
    #[inline]
    pub(super) fn find_where(&self, hash: u64, wanted: impl Fn(&E) -> bool) -> Option<usize> {
        let tagged = self.len().min(CAPACITY);
        memchr::memchr_iter(tag_of(hash), &self.tags[..tagged])
            .chain(tagged..self.len())
            .find(|&at| wanted(&self.entries[at]))
    }

    /// Adds an entry; the caller knows that its key is not there.
    pub(super) fn push(&mut self, hash: u64, entry: E) {
        let at = self.entries.len();
        if at == self.entries.capacity() {
            self.entries.reserve_exact(STEP);
        }
        if let Some(tag) = self.tags.get_mut(at) {
            *tag = tag_of(hash);
        }
        self.entries.push(entry);
    }

    /// Removes the entry at `at`; the last one takes its place.
    pub(super) fn remove(&mut self, at: usize) -> E {
        let entry = self.entries.swap_remove(at);
        if let Some(moved) = self.entries.get(at) {
            let last = self.entries.len();
            let tag = self.tags.get(last).copied();
            let tag = tag.unwrap_or_else(|| tag_of(hash_of(moved.key())));
            if let Some(place) = self.tags.get_mut(at) {
                *place = tag;
            }
        }
        if self.entries.capacity() - self.entries.len() >= 2 * STEP {
            self.entries.shrink_to(self.entries.len() + STEP);
        }
        entry
    }

    /// Cuts the segment in two by the hash bit after its depth.
    pub(super) fn split(self) -> (Self, Self) {
        let depth = self.depth + 1;
        let (mut low, mut high) = (Self::new(depth), Self::new(depth));
        for entry in self.entries {
            let hash = hash_of(entry.key());
            let side = if hash >> (64 - depth) & 1 == 0 { &mut low } else { &mut high };
            side.push(hash, entry);
        }
        (low, high)
    }

    /// Joins two halves again; `self` is the one of a segment's two halves that comes first.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.depth -= 1;
        self.entries.reserve_exact(other.len());
        for (at, entry) in other.entries.into_iter().enumerate() {
            let tag = other.tags.get(at).copied();
            let tag = tag.unwrap_or_else(|| tag_of(hash_of(entry.key())));
            self.push(u64::from(tag), entry);
        }
        self
    }
}

/// Bytes on the heap of a segment with room for `capacity` entries.
pub(super) fn footprint_bytes<E>(capacity: usize) -> usize {
    footprint::allocated(footprint::ARC_HEADER + size_of::<Segment<E>>())
        + footprint::buffer::<E>(capacity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Name(String);

    impl Keyed for Name {
        fn key(&self) -> &[u8] {
            self.0.as_bytes()
        }
        fn heap_bytes(&self) -> usize {
            self.0.capacity()
        }
    }

    fn names(count: usize) -> Segment<Name> {
        let mut segment = Segment::new(0);
        for name in (0..count).map(|number| number.to_string()) {
            segment.push(hash_of(name.as_bytes()), Name(name));
        }
        segment
    }

    fn has(segment: &Segment<Name>, number: usize) -> bool {
        let name = number.to_string();
        segment.find(hash_of(name.as_bytes()), name.as_bytes()).is_some()
    }

    /// A segment that cannot split stays a correct, if slow, map.
    #[test]
    fn holds_more_than_its_tags() {
        let mut segment = names(CAPACITY + 30);
        assert!((0..CAPACITY + 30).all(|number| has(&segment, number)));
        assert!(!has(&segment, CAPACITY + 30));
        // Removing from the front moves untagged entries into tagged places.
        for number in 0..50 {
            let name = number.to_string();
            let at = segment.find(hash_of(name.as_bytes()), name.as_bytes()).expect("is there");
            assert_eq!(segment.remove(at).0, name);
        }
        assert!((0..50).all(|number| !has(&segment, number)));
        assert!((50..CAPACITY + 30).all(|number| has(&segment, number)));
    }

    #[test]
    fn splits_and_joins() {
        let (low, high) = names(60).split();
        assert_eq!((low.depth(), high.depth(), low.len() + high.len()), (1, 1, 60));
        assert!((0..60).all(|number| has(&low, number) != has(&high, number)));
        let whole = low.join(high);
        assert_eq!(whole.depth(), 0);
        assert!((0..60).all(|number| has(&whole, number)));
    }
}
