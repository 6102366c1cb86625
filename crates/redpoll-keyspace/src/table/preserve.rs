//! What a table does for snapshots: before anything of it changes, those who need it as it is get
//! it; and it is walked for one of them in small steps.
//!
//! Everything that changes an entry, or moves entries to other buckets, goes through
//! [`Table::preserve`] first: it is called where the table gives an entry out to be changed, and
//! before it inserts, removes, grows, splits and merges. Only access clocks change without.

use super::segment::{Position, Segment};
use super::{Slot, Table};
use crate::entry::Entry;
use crate::snapshot::{Batch, Epochs, Fate, Held, Orphan, Reader};

/// Tags there are: the end of a walk.
const TAGS: u32 = 1 << 16;
/// What passing a segment counts of a step, in entries.
const SEGMENT_COST: usize = 8;

/// Where a snapshot's walk through a table stands: a place in the order of the hash, which stays
/// true whatever happens to the table in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The first tag of the segment at hand.
    tag: u32,
    bucket: usize,
}

impl Walk {
    /// Behind all.
    pub(crate) const END: Walk = Walk { tag: TAGS, bucket: 0 };

    /// Whether the table's end has been reached.
    pub(crate) fn is_over(self) -> bool {
        self.tag >= TAGS
    }
}

impl<V> Table<V> {
    /// The present epoch.
    #[inline(always)]
    pub(super) fn now(&self) -> u64 {
        self.epochs.as_ref().map_or(0, |epochs| epochs.now())
    }

    /// Calls `visit` for about `most` entries that a snapshot needs, from where the walk stands.
    /// Nothing is captured by it.
    pub(crate) fn look_step(
        &self,
        reader: Reader,
        walk: &mut Walk,
        most: usize,
        visit: &mut impl FnMut(&Entry<V>),
    ) {
        let mut left = most;
        while let Some(slot) = self.slot_at(walk) {
            let segment = self.segment(slot);
            while walk.bucket < segment.buckets().len() {
                let bucket = walk.bucket;
                walk.bucket += 1;
                segment.prefetch_entries(bucket + 1);
                for at in segment.occupied(bucket) {
                    if segment.needs.is_needed(at, reader) {
                        visit(&segment.entry(at));
                        left = left.saturating_sub(1);
                    }
                }
                if left == 0 {
                    return;
                }
            }
            walk.pass(segment.depth);
            left = left.saturating_sub(SEGMENT_COST);
            if left == 0 {
                return;
            }
        }
    }

    /// The directory's slot at which the walk stands, unless it is over.
    fn slot_at(&self, walk: &mut Walk) -> Option<usize> {
        if self.directory.is_empty() {
            *walk = Walk::END;
        }
        (!walk.is_over()).then(|| self.slot_of(u64::from(walk.tag) << 16))
    }

    /// Whether no bucket is marked as needed by any snapshot, living or not.
    #[cfg(test)]
    pub(crate) fn has_no_marks(&self) -> bool {
        self.segments().all(|segment| segment.needs.are_none())
    }

    /// Gives the table, which has been taken out of the keyspace within `whole`, to the snapshots
    /// that are being taken, if there are any. All stripes must be locked.
    pub(crate) fn hand_over(&self, whole: impl FnOnce(Held) -> Orphan<V>) {
        if let Some(epochs) = &self.epochs
            && let mut live = epochs.live()
            && live.all() != 0
        {
            live.adopt(&whole(epochs.hold()));
        }
    }
}

impl<V: Clone> Table<V> {
    /// To be called before the entry at a place changes or goes.
    #[inline(always)]
    pub(super) fn preserve(&mut self, slot: usize, at: Position, fate: Fate) {
        if !self.segment(slot).needs.is_settled(self.now()) {
            self.capture(slot, Some((at, fate)));
        }
    }

    /// To be called before entries of a segment move to other places.
    #[inline(always)]
    pub(super) fn preserve_all(&mut self, slot: usize) {
        if !self.segment(slot).needs.is_settled(self.now()) {
            self.capture(slot, None);
        }
    }

    /// To be called before an entry is added to a segment that is not settled: what is there must
    /// be known apart from it.
    #[cold]
    #[inline(never)]
    pub(super) fn mark(&mut self, slot: usize) {
        let now = self.now();
        if let (segment, Some(epochs)) = self.segment_and_epochs(slot) {
            segment.mark(now, epochs);
        }
    }

    /// Captures one entry, or all, for the snapshots that need it.
    #[cold]
    #[inline(never)]
    fn capture(&mut self, slot: usize, one: Option<(Position, Fate)>) {
        let (now, number) = (self.now(), self.number);
        let (segment, Some(epochs)) = self.segment_and_epochs(slot) else { return };
        segment.mark(now, epochs);
        if let Some((at, fate)) = one {
            return segment.capture(at, fate, number, epochs);
        }
        for bucket in 0..segment.buckets().len() {
            segment.prefetch_entries(bucket + 1);
            for slot in 0..segment.buckets()[bucket].len() {
                segment.capture(Position::new(bucket, slot), Fate::Moved, number, epochs);
            }
        }
    }

    /// Captures about `most` entries that a snapshot needs, from where its walk stands, for it
    /// alone.
    pub(crate) fn capture_step(
        &mut self,
        reader: Reader,
        walk: &mut Walk,
        most: usize,
        db: u16,
        batch: &mut Batch<V>,
    ) {
        self.meet_step(reader, walk, most, |entry| {
            batch.push(db, entry);
            reader.bit()
        });
    }

    /// Shows about `most` entries that a snapshot needs, from where the walk stands; `meet` answers
    /// which snapshots, that one among them, need the entry no longer.
    pub(crate) fn meet_step(
        &mut self,
        reader: Reader,
        walk: &mut Walk,
        most: usize,
        mut meet: impl FnMut(&Entry<V>) -> u8,
    ) {
        let (now, mut left) = (self.now(), most);
        while let Some(slot) = self.slot_at(walk) {
            let (segment, Some(epochs)) = self.segment_and_epochs(slot) else { return };
            segment.mark(now, epochs);
            segment.prefetch_entries(walk.bucket);
            while walk.bucket < segment.buckets().len() && !segment.needs.is_settled(now) {
                let bucket = walk.bucket;
                walk.bucket += 1;
                segment.prefetch_entries(bucket + 1);
                for slot in 0..segment.buckets()[bucket].len() {
                    let at = Position::new(bucket, slot);
                    if segment.needs.of(at) & reader.bit() != 0 {
                        let met = meet(&segment.entry(at));
                        segment.needs.meet(at, met);
                        left = left.saturating_sub(1);
                    }
                }
                if left == 0 {
                    return;
                }
            }
            walk.pass(segment.depth);
            left = left.saturating_sub(SEGMENT_COST);
            if left == 0 {
                return;
            }
        }
    }

    /// A segment to be changed, and the snapshots.
    fn segment_and_epochs(&mut self, slot: usize) -> (&mut Segment<V>, Option<&Epochs<V>>) {
        let Slot { mut segment, .. } = self.directory[slot];
        // SAFETY: the directory's segments are alive and owned by the table, which is borrowed
        // alone for as long as the answer; `epochs` is no part of them.
        (unsafe { segment.as_mut() }, self.epochs.as_deref())
    }
}

impl Walk {
    /// Goes on behind a segment of this depth.
    fn pass(&mut self, depth: u8) {
        let span = TAGS >> depth;
        *self = Walk { tag: (self.tag & !(span - 1)) + span, bucket: 0 };
    }
}

impl<V> Segment<V> {
    /// Leaves the bits of the snapshots that have begun since the segment was last looked at.
    fn mark(&mut self, now: u64, epochs: &Epochs<V>) {
        if !self.needs.is_marked(now) {
            self.needs.mark(now, &epochs.live(), &self.buckets);
        }
    }
}

impl<V: Clone> Segment<V> {
    /// Captures the entry at a place for the snapshots that need it. They have left their bits.
    fn capture(&mut self, at: Position, fate: Fate, table: u16, epochs: &Epochs<V>) {
        let bits = self.needs.of(at);
        if bits != 0 {
            epochs.capture(bits, table, &self.entry(at), fate);
            self.needs.meet(at, bits);
        }
    }
}
