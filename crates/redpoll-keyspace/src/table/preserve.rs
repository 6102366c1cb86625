//! What a table does for snapshots: before anything of it changes, those who need it as it is get
//! it; and it is walked for one of them in small steps.
//!
//! Everything that changes an entry, or moves entries to other buckets, goes through
//! [`Table::preserve`] first: it is called where the table gives an entry out to be changed, and
//! before it inserts, removes, grows, splits and merges. Only access clocks change without.

use super::segment::{Position, Segment};
use super::{Slot, Table};
use crate::entry::Entry;
use crate::snapshot::{Batch, Epochs, Live, Orphan, Reader};

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
                if !segment.needs.is_needed(bucket, reader) {
                    continue;
                }
                segment.prefetch_entries(bucket + 1);
                segment.entries(bucket).for_each(|entry| visit(&entry));
                left = left.saturating_sub(segment.entries(bucket).count());
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
    /// that are being taken. All stripes must be locked.
    pub(crate) fn hand_over(&self, whole: &Orphan<V>) {
        if let Some(epochs) = &self.epochs {
            epochs.live().adopt(whole);
        }
    }
}

impl<V: Clone> Table<V> {
    /// To be called before anything of a bucket changes.
    #[inline(always)]
    pub(super) fn preserve(&mut self, slot: usize, at: Position) {
        if !self.segment(slot).needs.is_settled(self.now()) {
            self.capture(slot, Some(at));
        }
    }

    /// To be called before entries of a segment move to other buckets or elsewhere.
    #[inline(always)]
    pub(super) fn preserve_all(&mut self, slot: usize) {
        if !self.segment(slot).needs.is_settled(self.now()) {
            self.capture(slot, None);
        }
    }

    /// Captures one bucket, or all, for the snapshots that need it.
    #[cold]
    #[inline(never)]
    fn capture(&mut self, slot: usize, at: Option<Position>) {
        let (now, number) = (self.now(), self.number);
        let (segment, epochs) = self.split(slot);
        let Some(epochs) = epochs else { return };
        if let Some(at) = at
            && segment.needs.is_marked(now)
            && segment.needs.of(at.bucket()) == 0
        {
            return;
        }
        let mut live = epochs.live();
        segment.mark(now, &live);
        let buckets = match at {
            Some(at) => at.bucket()..at.bucket() + 1,
            None => 0..segment.buckets().len(),
        };
        for bucket in buckets {
            let bits = segment.needs.of(bucket);
            if bits != 0 {
                segment.prefetch_entries(bucket);
                live.capture(bits, number, segment.entries(bucket));
                segment.needs.meet(bucket, bits);
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
        let (now, mut left) = (self.now(), most);
        while let Some(slot) = self.slot_at(walk) {
            let (segment, epochs) = self.split(slot);
            if let Some(epochs) = epochs
                && !segment.needs.is_marked(now)
            {
                segment.mark(now, &epochs.live());
            }
            segment.prefetch_entries(walk.bucket);
            while walk.bucket < segment.buckets().len() {
                let bucket = walk.bucket;
                walk.bucket += 1;
                if segment.needs.of(bucket) & reader.bit() == 0 {
                    continue;
                }
                segment.prefetch_entries(bucket + 1);
                let before = batch.len();
                segment.entries(bucket).for_each(|entry| batch.push(db, &entry));
                segment.needs.meet(bucket, reader.bit());
                left = left.saturating_sub(batch.len() - before);
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
    fn split(&mut self, slot: usize) -> (&mut Segment<V>, Option<&Epochs<V>>) {
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
    fn mark(&mut self, now: u64, live: &Live<V>) {
        if !self.needs.is_marked(now) {
            let Segment { needs, buckets, .. } = self;
            needs.mark(now, live, buckets.len(), |bucket| buckets[bucket].is_empty());
        }
    }
}
