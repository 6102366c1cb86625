//! The table: extendible hashing. A directory of segments; growth splits one segment, never the
//! table.
//!
//! The directory is indexed by the leading bits of an entry's 16-bit tag. It keeps, beside each
//! segment, where its buckets lie, so that the cache line of a key can be prefetched without
//! touching the segment's head. Small tables start with one bucket and double until a segment is
//! full; from then on full segments split in two, and halves that have become empty enough merge
//! again.
//!
//! After extendible hashing (Fagin, Nievergelt, Pippenger, Strong 1979).

mod hints;
mod needs;
mod preserve;
pub(crate) mod scan;
mod segment;

use crate::entry::{Entry, EntryMut, EntryRef};
use crate::hash::KeyHash;
use crate::snapshot::{Epochs, Fate};
pub use hints::Hints;
use needs::Needs;
pub(crate) use preserve::Walk;
pub use scan::Cursor;
use segment::{Bucket, Position, Segment, home_of, tag_of};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The numbers of layouts given out; see [`Table::publish`].
static LAYOUTS: AtomicU64 = AtomicU64::new(1);

/// Bytes of an entry that a lookup usually reads: header, a short key, a short value.
const USUAL_ENTRY: usize = 40;

/// A directory slot: a segment and the place of its buckets.
struct Slot<V> {
    segment: NonNull<Segment<V>>,
    buckets: *const Bucket,
    bucket_count: u32,
}

impl<V> Clone for Slot<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Slot<V> {}

/// A hash table of entries. See the module's head.
pub struct Table<V> {
    /// 2^depth slots; a segment of smaller depth stands in several neighbouring ones. Empty: no
    /// segment.
    directory: Vec<Slot<V>>,
    depth: u8,
    len: usize,
    hash: KeyHash,
    /// Another number whenever a bucket array has moved; for [`Hints`].
    layout: u64,
    /// The snapshots that want to know before something changes, if there can be any.
    epochs: Option<Arc<Epochs<V>>>,
    /// By which they know the table.
    number: u16,
}

// SAFETY: the table owns its segments alone; they are Send when V is. What snapshots have captured
// is behind a lock, and is Vs and bytes.
unsafe impl<V: Send> Send for Table<V> {}
// SAFETY: whoever shares a table gets shared access to its entries only.
unsafe impl<V: Sync> Sync for Table<V> {}

/// Where an entry is; valid until the table changes.
#[derive(Clone, Copy)]
pub struct Place {
    slot: usize,
    at: Position,
}

impl<V> Table<V> {
    /// An empty table, of which there are no snapshots. Allocates nothing.
    pub fn new() -> Self {
        Table::known_as(0, None)
    }

    /// An empty table that snapshots know by this number.
    pub(crate) fn numbered(number: u16, epochs: &Arc<Epochs<V>>) -> Self {
        Table::known_as(number, Some(Arc::clone(epochs)))
    }

    fn known_as(number: u16, epochs: Option<Arc<Epochs<V>>>) -> Self {
        let (directory, hash) = (Vec::new(), KeyHash::new());
        Table { directory, depth: 0, len: 0, hash, layout: 0, epochs, number }
    }

    /// By what snapshots know the table.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Takes everything out as a table of its own. Snapshots that are being taken have to be given
    /// that one, unless it is empty.
    pub(crate) fn take(&mut self) -> Table<V> {
        let empty = Table::known_as(self.number, self.epochs.clone());
        std::mem::replace(self, empty)
    }

    /// Takes the place of a table that snapshots know, with its number: those that are being taken
    /// need nothing of what is here. All stripes must be locked. O(segments).
    pub(crate) fn succeed(&mut self, other: &Table<V>) {
        (self.number, self.epochs) = (other.number, other.epochs.clone());
        self.layout = self.layout.max(other.layout) + 1;
        let (now, mut slot) = (self.now(), 0);
        while slot < self.directory.len() {
            let segment = self.segment_mut(slot);
            segment.needs = Needs::none(now);
            let depth = segment.depth;
            slot += self.span(depth);
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of directory and segments, without the entries. O(directory).
    pub fn bytes(&self) -> usize {
        let segments: usize = self.segments().map(Segment::bytes).sum();
        self.directory.capacity() * size_of::<Slot<V>>() + segments
    }

    /// The number of slots for entries. O(directory).
    pub fn capacity(&self) -> usize {
        self.segments().map(|segment| segment.buckets().len() * 8).sum()
    }

    #[inline(always)]
    fn slot_of(&self, hash: u64) -> usize {
        // In two shifts, as a shift by 16 for depth 0 would be fine for u32 only.
        (u32::from(tag_of(hash)) >> (16 - u32::from(self.depth))) as usize
    }

    #[inline(always)]
    fn segment(&self, slot: usize) -> &Segment<V> {
        // SAFETY: the directory's segments are alive, owned by the table, and borrowed with it.
        unsafe { self.directory[slot].segment.as_ref() }
    }

    #[inline(always)]
    fn segment_mut(&mut self, slot: usize) -> &mut Segment<V> {
        // SAFETY: as above; the table is borrowed alone.
        unsafe { self.directory[slot].segment.as_mut() }
    }

    /// Each segment once, in the order of the directory.
    fn segments(&self) -> impl Iterator<Item = &Segment<V>> {
        let mut slot = 0;
        std::iter::from_fn(move || {
            (slot < self.directory.len()).then(|| {
                let segment = self.segment(slot);
                slot += self.span(segment.depth);
                segment
            })
        })
    }

    /// How many directory slots a segment of this depth fills.
    fn span(&self, depth: u8) -> usize {
        1 << (self.depth - depth)
    }

    /// Where the entry with this hash and key is.
    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<Place> {
        if self.directory.is_empty() {
            return None;
        }
        let slot = self.slot_of(hash);
        let at = self.segment(slot).find(hash, key)?;
        Some(Place { slot, at })
    }

    /// Where an entry with this hash is, whatever its key.
    pub fn find_hash(&self, hash: u64) -> Option<Place> {
        if self.directory.is_empty() {
            return None;
        }
        let slot = self.slot_of(hash);
        let at = self.segment(slot).find_hash(hash)?;
        Some(Place { slot, at })
    }

    /// The entry at a place that `find` has given.
    #[inline]
    pub fn entry(&self, place: Place) -> EntryRef<'_, V> {
        self.segment(place.slot).entry(place.at)
    }

    /// Halves the directory while no segment needs its last bit.
    fn halve_directory(&mut self) {
        while self.depth > 0 && self.segments().all(|segment| segment.depth < self.depth) {
            let mut keep = false;
            self.directory.retain(|_| {
                keep = !keep;
                keep
            });
            self.directory.shrink_to_fit();
            self.depth -= 1;
        }
    }

    /// Writes down again where the buckets of the segment at `slot` lie.
    fn refresh(&mut self, slot: usize) {
        let new = describe(self.directory[slot].segment);
        let span = self.span(self.segment(slot).depth);
        let first = slot & !(span - 1);
        self.directory[first..first + span].fill(new);
    }

    /// A number that changes whenever entries move to other segments or buckets: a walk in steps
    /// between which it has stayed has met each entry once.
    pub fn form(&self) -> u64 {
        self.layout
    }

    /// Removes everything. O(entries).
    pub fn clear(&mut self) {
        let mut slot = 0;
        while slot < self.directory.len() {
            let segment = self.directory[slot].segment;
            slot += self.span(self.segment(slot).depth);
            // SAFETY: the segment came from `own`; each is visited once and the directory dropped
            // below.
            drop(unsafe { Box::from_raw(segment.as_ptr()) });
        }
        self.directory = Vec::new();
        self.depth = 0;
        self.len = 0;
    }

    /// All entries, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = EntryRef<'_, V>> {
        self.segments().flat_map(|segment| segment.walk().map(|at| segment.entry(at)))
    }

    /// An entry at random: uniform over segments' slots, so nearly uniform over entries. `below(n)`
    /// is to give a number below n. O(1) expected.
    pub fn random(&self, mut below: impl FnMut(u64) -> u64) -> Option<EntryRef<'_, V>> {
        if self.len == 0 {
            return None;
        }
        loop {
            let slot = below(self.directory.len() as u64) as usize;
            let segment = self.segment(slot);
            if segment.len == 0 {
                continue;
            }
            if let Some(at) = segment.random(&mut below) {
                return Some(segment.entry(at));
            }
        }
    }

    /// Calls `visit` for the entries of a few neighbouring buckets, which `seed` chooses: every
    /// bucket is as likely as the next. O(buckets); the entries are loaded together.
    pub fn sample<'a>(
        &'a self,
        seed: u64,
        buckets: usize,
        visit: &mut impl FnMut(EntryRef<'a, V>),
    ) {
        if self.directory.is_empty() {
            return;
        }
        // A segment stands in the directory as often as its share of the table is.
        let segment = self.segment(seed as usize & (self.directory.len() - 1));
        segment.sample((seed >> 32) as usize, buckets, visit);
    }

    /// Asks the processor to load the bucket of a hash. The first of the two misses that a lookup
    /// costs.
    #[inline]
    pub fn prefetch_bucket(&self, hash: u64) {
        if let Some(slot) = self.directory.get(self.slot_of(hash)) {
            let bucket = home_of(hash, slot.bucket_count as usize);
            prefetch(slot.buckets.wrapping_add(bucket).cast());
        }
    }

    /// Asks the processor to load the entry of a hash, if its bucket has one. The second miss.
    #[inline]
    pub fn prefetch_entry(&self, hash: u64) {
        if !self.directory.is_empty()
            && let Some(block) = self.segment(self.slot_of(hash)).candidate(hash)
        {
            prefetch(block);
            // The usual entry ends within the line or the next one.
            if block as usize % 64 > 64 - USUAL_ENTRY {
                prefetch(block.wrapping_add(64));
            }
        }
    }
}

impl<V: Clone> Table<V> {
    /// The entry at a place that `find` has given, to be changed.
    #[inline]
    pub fn entry_mut(&mut self, place: Place) -> EntryMut<'_, V> {
        self.preserve(place.slot, place.at, Fate::Edited);
        self.segment_mut(place.slot).entry_mut(place.at)
    }

    /// Sets the access clock of the entry at a place that `find` has given. Snapshots do not mind.
    #[inline]
    pub fn set_access(&mut self, place: Place, clock: u32) {
        self.segment_mut(place.slot).entry_mut(place.at).set_access(clock);
    }

    /// The entry at a place, to be moved to another tier of memory or to be told that it has been
    /// used: what it means stays the same, so that snapshots do not mind.
    #[inline]
    pub(crate) fn entry_to_move(&mut self, place: Place) -> EntryMut<'_, V> {
        self.segment_mut(place.slot).entry_mut(place.at)
    }

    /// Adds an entry whose key is not in the table. O(1); now and then one segment splits (about
    /// ten microseconds).
    pub fn insert(&mut self, hash: u64, entry: Entry<V>) {
        if self.directory.is_empty() {
            self.directory.push(own(Segment::new(1, 0, self.hash, self.now())));
            self.layout = LAYOUTS.fetch_add(1, Relaxed);
        }
        let mut slot = self.slot_of(hash);
        while self.segment(slot).is_full() {
            self.layout = LAYOUTS.fetch_add(1, Relaxed);
            self.grow(slot);
            slot = self.slot_of(hash);
        }
        if !self.segment(slot).needs.is_settled(self.now()) {
            self.mark(slot);
        }
        self.segment_mut(slot).insert(hash, entry);
        self.len += 1;
    }

    /// Takes out the entry at a place that `find` has given.
    pub fn remove(&mut self, place: Place) -> Entry<V> {
        self.preserve(place.slot, place.at, Fate::Removed);
        let entry = self.segment_mut(place.slot).remove(place.at);
        self.len -= 1;
        self.shrink(place.slot);
        entry
    }

    /// Makes room in a full segment: doubles it while it is small, splits it when it is large.
    fn grow(&mut self, slot: usize) {
        self.preserve_all(slot);
        let epoch = self.now();
        let segment = self.segment_mut(slot);
        let buckets = segment.buckets().len();
        // A segment as deep as the tag cannot be split; it grows instead. (More than ten billion
        // keys.)
        if buckets < Segment::<V>::FULL || segment.depth == 16 {
            segment.resize(buckets * 2, epoch);
            self.refresh(slot);
            return;
        }
        if segment.depth == self.depth {
            self.directory = self.directory.iter().flat_map(|&slot| [slot, slot]).collect();
            self.depth += 1;
            return self.grow(slot * 2);
        }
        let new = own(self.segment_mut(slot).split(epoch));
        self.refresh(slot);
        let span = self.span(self.segment(slot).depth);
        let upper = (slot & !(2 * span - 1)) + span;
        self.directory[upper..upper + span].fill(new);
    }

    /// Merges a segment with its other half when both together are small; frees an empty table.
    fn shrink(&mut self, slot: usize) {
        if self.len == 0 {
            self.clear();
            return;
        }
        let segment = self.segment(slot);
        let (len, depth, buckets) = (segment.len as usize, segment.depth, segment.buckets().len());
        if depth == 0 {
            if buckets > 1 && len * 8 < buckets * 8 {
                self.preserve_all(slot);
                self.layout = LAYOUTS.fetch_add(1, Relaxed);
                let epoch = self.now();
                self.segment_mut(slot).resize(buckets / 2, epoch);
                self.refresh(slot);
            }
            return;
        }
        if len * 4 > buckets * 8 {
            return;
        }
        let span = self.span(depth);
        let lower = slot & !(2 * span - 1);
        let (low, high) = (self.directory[lower], self.directory[lower + span]);
        let (other, own_half) = (self.segment(lower), self.segment(lower + span));
        let fits = (other.len + own_half.len) as usize * 2 < buckets * 8;
        let same =
            other.depth == own_half.depth && other.buckets().len() == own_half.buckets().len();
        if !(fits && same) {
            return;
        }
        self.preserve_all(lower);
        self.preserve_all(lower + span);
        self.layout = LAYOUTS.fetch_add(1, Relaxed);
        self.directory[lower + span..lower + 2 * span].fill(low);
        // SAFETY: `high` came from `own` and has just left the directory.
        let high = unsafe { Box::from_raw(high.segment.as_ptr()) };
        self.segment_mut(lower).merge(*high);
        self.refresh(lower);
        self.halve_directory();
    }
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table::new()
    }
}

impl<V> Drop for Table<V> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Moves a segment to the heap, where it stays until `Box::from_raw`.
fn own<V>(segment: Segment<V>) -> Slot<V> {
    describe(NonNull::from(Box::leak(Box::new(segment))))
}

fn describe<V>(segment: NonNull<Segment<V>>) -> Slot<V> {
    // SAFETY: the callers' segments are alive.
    let buckets = unsafe { segment.as_ref() }.buckets();
    Slot { segment, buckets: buckets.as_ptr(), bucket_count: buckets.len() as u32 }
}

/// Loads a cache line ahead of its use; any address is allowed.
#[inline(always)]
fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults and changes nothing but caches.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nostack, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

#[cfg(test)]
mod tests;
