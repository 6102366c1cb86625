//! Where the buckets of a table lie, readable without its lock, for prefetching only: an address
//! may be out of date, and asking the processor for it is harmless then. Hints serve tables of up
//! to [`Hints::SLOTS`] segments; larger ones are prefetched under their lock.

use super::segment::{Bucket, home_of, tag_of};
use super::{Table, prefetch};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// See the module's head.
pub struct Hints {
    /// The layout that was published last.
    layout: AtomicU64,
    /// A bucket array's address, with the logarithm of its length in the low bits; 0: none.
    slots: [AtomicUsize; Hints::SLOTS],
}

impl Hints {
    const BITS: u32 = 6;
    /// Directory slots that are published.
    pub const SLOTS: usize = 1 << Self::BITS;

    /// No table yet.
    pub fn new() -> Self {
        Hints { layout: AtomicU64::new(0), slots: [const { AtomicUsize::new(0) }; Self::SLOTS] }
    }

    /// Asks the processor to load the bucket of a hash. False if that is not known here.
    #[inline]
    pub fn prefetch_bucket(&self, hash: u64) -> bool {
        let slot = &self.slots[(u32::from(tag_of(hash)) >> (16 - Self::BITS)) as usize];
        let hint = slot.load(Relaxed);
        let log = hint & (align_of::<Bucket>() - 1);
        let bucket = home_of(hash, 1 << log);
        prefetch(((hint - log) as *const Bucket).wrapping_add(bucket).cast());
        hint != 0
    }
}

impl Default for Hints {
    fn default() -> Self {
        Hints::new()
    }
}

impl<V> Table<V> {
    /// Makes `hints` say where the buckets lie, if they have moved since. Called with the lock
    /// held.
    #[inline]
    pub fn publish(&self, hints: &Hints) {
        if hints.layout.load(Relaxed) != self.layout {
            hints.layout.store(self.layout, Relaxed);
            self.publish_all(hints);
        }
    }

    #[cold]
    fn publish_all(&self, hints: &Hints) {
        let fits = u32::from(self.depth) <= Hints::BITS && !self.directory.is_empty();
        for (index, hint) in hints.slots.iter().enumerate() {
            let known = fits.then(|| {
                let slot = &self.directory[index >> (Hints::BITS - u32::from(self.depth))];
                // The length is a power of two below 2^6 · FULL, the address a multiple of 64.
                slot.buckets.expose_provenance() | slot.bucket_count.ilog2() as usize
            });
            hint.store(known.unwrap_or(0), Relaxed);
        }
    }
}
