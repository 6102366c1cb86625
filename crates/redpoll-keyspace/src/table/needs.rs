//! What snapshots still need of a segment.
//!
//! A segment is settled while every snapshot that has begun has got what it needs of it. That is
//! the usual case, and all that a write has to ask: is the epoch in which it was settled the
//! present one? The first who meets it in a later epoch notes for each entry which snapshots need
//! it; whoever captures an entry for them takes their bits back, and with the last one the segment
//! is settled again.
//!
//! A snapshot that was given up leaves bits behind. They do no harm: nothing is captured for an
//! empty seat, whoever takes the seat later needs all that is there, and the next epoch clears
//! them.

use super::segment::{Bucket, Position};
use crate::snapshot::{Live, Reader};

/// No epoch: some entries are needed.
const UNSETTLED: u64 = u64::MAX;
/// The same bits for each of a bucket's eight slots.
const EACH: u64 = 0x0101_0101_0101_0101;

/// See the module's head.
pub(super) struct Needs {
    /// The epoch in which the segment was settled.
    settled: u64,
    /// While it is not.
    marks: Option<Box<Marks>>,
}

struct Marks {
    /// The epoch up to which snapshots have left their bits.
    seen: u64,
    /// For each bucket who needs what is in its slots: a byte for each.
    buckets: Box<[u64]>,
}

impl Needs {
    /// Nobody needs anything of a segment that is new in this epoch.
    pub(super) fn none(epoch: u64) -> Self {
        Needs { settled: epoch, marks: None }
    }

    /// Whether nobody needs anything.
    #[inline(always)]
    pub(super) fn is_settled(&self, now: u64) -> bool {
        self.settled == now
    }

    /// Whether there are no marks.
    #[cfg(test)]
    pub(super) fn are_none(&self) -> bool {
        self.marks.is_none()
    }

    /// Whether all snapshots up to the present one have left their bits.
    pub(super) fn is_marked(&self, now: u64) -> bool {
        self.marks.as_ref().map_or(self.settled, |marks| marks.seen) == now
    }

    /// Leaves the bits of those who have begun since the last time.
    pub(super) fn mark<V>(&mut self, now: u64, live: &Live<V>, buckets: &[Bucket]) {
        let marks = self.marks.get_or_insert_with(|| {
            let bits = vec![0; buckets.len()].into_boxed_slice();
            Box::new(Marks { seen: self.settled, buckets: bits })
        });
        let (all, new) = (live.all(), live.after(marks.seen));
        for (bits, bucket) in marks.buckets.iter_mut().zip(buckets) {
            *bits &= u64::from(all) * EACH;
            *bits |= bucket.taken() & (u64::from(new) * EACH);
        }
        marks.seen = now;
        self.settled = UNSETTLED;
        self.settle();
    }

    /// The segment is settled if nothing is needed.
    fn settle(&mut self) {
        if let Some(marks) = &self.marks
            && marks.buckets.iter().all(|&bits| bits == 0)
        {
            self.settled = marks.seen;
            self.marks = None;
        }
    }

    /// Who needs the entry at a place, of those who have left their bits.
    pub(super) fn of(&self, at: Position) -> u8 {
        self.marks.as_ref().map_or(0, |marks| (marks.buckets[at.bucket()] >> at.shift()) as u8)
    }

    /// Takes these bits back: the entry has been captured for them.
    pub(super) fn meet(&mut self, at: Position, met: u8) {
        if let Some(marks) = &mut self.marks {
            let bits = &mut marks.buckets[at.bucket()];
            *bits &= !(u64::from(met) << at.shift());
            if *bits == 0 {
                self.settle();
            }
        }
    }

    /// Whether a snapshot needs the entry at a place, wherever it has left its bits.
    pub(super) fn is_needed(&self, at: Position, reader: Reader) -> bool {
        match &self.marks {
            None => self.settled < reader.epoch,
            Some(marks) => marks.seen < reader.epoch || self.of(at) & reader.bit() != 0,
        }
    }
}
