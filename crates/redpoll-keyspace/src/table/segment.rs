//! A segment: up to about a thousand entries in cache-line buckets.
//!
//! ```text
//! bucket: 8 slots, one cache line
//! slot:   | tag 16 | address 45 | displacement 3 |     0 = empty
//! ```
//!
//! An entry lives in its home bucket, or, where that is full, in the next one with room. The
//! counter of a bucket says how many entries have passed over it, so a search ends at the first
//! bucket that nobody passed: one cache line for most hits and misses, and deletions leave no
//! tombstones. The slot keeps 16 bits of the hash (a miss touches no entry, a split reads no key)
//! and how far the entry is from home.
//!
//! Home buckets follow the hash's *order* (bucket = hash · buckets / 2^16). Growing therefore keeps
//! entries in the same order, which is what makes a SCAN cursor survive it.
//!
//! The module may use `unsafe`: entries are owned through tagged addresses.

use super::needs::Needs;
use crate::entry::{Entry, EntryMut, EntryRef};
use crate::hash::KeyHash;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Slots in a bucket: a cache line of 8-byte words.
const SLOTS: usize = 8;
const ADDRESS: u64 = 0x0000_ffff_ffff_fff8;
/// The displacement that means "this far or farther": the key tells the rest.
const FAR: u64 = 7;

/// The 16 bits of a hash that choose the segment and filter slots.
#[inline(always)]
pub(super) fn tag_of(hash: u64) -> u16 {
    (hash >> 16) as u16
}

/// The 16 bits of a hash that choose the bucket.
#[inline(always)]
pub(super) fn place_of(hash: u64) -> u16 {
    (hash >> 32) as u16
}

/// The bucket, of `buckets`, where an entry of this hash belongs.
#[inline(always)]
pub(super) fn home_of(hash: u64, buckets: usize) -> usize {
    (place_of(hash) as usize * buckets) >> 16
}

/// A cache line of slots.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Bucket([u64; SLOTS]);

impl Bucket {
    /// The number of slots.
    pub(super) fn len(&self) -> usize {
        SLOTS
    }

    /// A byte of ones for each slot that is taken, the first one lowest.
    pub(super) fn taken(&self) -> u64 {
        let slots = self.0.iter().enumerate();
        slots.fold(0, |bytes, (slot, &word)| bytes | (u64::from(word != 0) * 0xff) << (8 * slot))
    }
}

/// Where in a segment an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    bucket: u32,
    slot: u32,
}

impl Position {
    /// A slot of a bucket.
    pub(super) fn new(bucket: usize, slot: usize) -> Self {
        Position { bucket: bucket as u32, slot: slot as u32 }
    }

    /// The bucket's number.
    #[inline(always)]
    pub(super) fn bucket(self) -> usize {
        self.bucket as usize
    }

    /// Where in a word of eight bytes the slot's byte is.
    #[inline(always)]
    pub(super) fn shift(self) -> u32 {
        8 * self.slot
    }
}

/// See the module's head.
pub(super) struct Segment<V> {
    /// Entries held.
    pub(super) len: u32,
    /// How many leading tag bits all entries here share.
    pub(super) depth: u8,
    /// What snapshots need of it.
    pub(super) needs: Needs,
    /// How many entries passed over each bucket; 255 stays 255.
    passed: Box<[u8]>,
    pub(super) buckets: Box<[Bucket]>,
    /// The table's hash of a key.
    hash: KeyHash,
    owns: PhantomData<Entry<V>>,
}

/// What a slot says without touching its entry.
#[derive(Clone, Copy)]
struct Slot(u64);

impl Slot {
    fn new(tag: u16, address: NonNull<u8>, displacement: usize) -> Self {
        let address = address.as_ptr().expose_provenance() as u64;
        debug_assert_eq!(
            address & !ADDRESS,
            0,
            "user addresses have 47 bits, blocks are 8-aligned"
        );
        Slot(u64::from(tag) << 48 | address | (displacement as u64).min(FAR))
    }

    #[inline(always)]
    fn tag(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// The entry's block. To be asked of occupied slots only.
    #[inline(always)]
    fn block(self) -> NonNull<u8> {
        debug_assert_ne!(self.0 & ADDRESS, 0);
        let address = std::ptr::with_exposed_provenance_mut((self.0 & ADDRESS) as usize);
        // SAFETY: an occupied slot holds an address that came from a NonNull.
        unsafe { NonNull::new_unchecked(address) }
    }
}

impl<V> Segment<V> {
    /// Buckets of a segment that is not grown any further but split.
    pub(super) const FULL: usize = 128;

    /// An empty segment of so many buckets, made in this epoch.
    pub(super) fn new(buckets: usize, depth: u8, hash: KeyHash, epoch: u64) -> Self {
        Segment {
            hash,
            len: 0,
            depth,
            needs: Needs::none(epoch),
            passed: vec![0; buckets].into_boxed_slice(),
            buckets: vec![Bucket([0; SLOTS]); buckets].into_boxed_slice(),
            owns: PhantomData,
        }
    }

    /// The bucket array, for a directory that wants to prefetch from it.
    pub(super) fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// Whether one more entry would make searches long: 90 % of the slots are taken.
    pub(super) fn is_full(&self) -> bool {
        self.len as usize * 10 >= self.buckets.len() * SLOTS * 9
    }

    /// Bytes of the segment itself, without its entries.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.passed.len() + size_of_val::<[Bucket]>(&self.buckets)
    }

    #[inline(always)]
    fn slot(&self, at: Position) -> Slot {
        Slot(self.buckets[at.bucket as usize].0[at.slot as usize])
    }

    /// The entry at an occupied position.
    #[inline(always)]
    pub(super) fn entry(&self, at: Position) -> EntryRef<'_, V> {
        let block = self.slot(at).block();
        // SAFETY: an occupied slot owns its entry; nobody changes it while the segment is borrowed.
        unsafe { EntryRef::borrow(block) }
    }

    /// The entry at an occupied position, to be changed.
    #[inline(always)]
    pub(super) fn entry_mut(&mut self, at: Position) -> EntryMut<'_, V> {
        let word = &mut self.buckets[at.bucket as usize].0[at.slot as usize];
        let (block, marks) = (Slot(*word).block(), *word & !ADDRESS);
        // SAFETY: an occupied slot owns its entry, and the segment is borrowed alone.
        unsafe { EntryMut::borrow(word, marks, block) }
    }

    /// Where the entry with this hash and key is. O(1); reads one cache line, and the entry if a
    /// tag fits.
    #[inline]
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<Position> {
        self.search(hash, |entry| entry.key() == key)
    }

    /// Where an entry with this hash is, whatever its key.
    pub(super) fn find_hash(&self, hash: u64) -> Option<Position> {
        self.search(hash, |entry| self.hash.of(entry.key()) == hash)
    }

    #[inline(always)]
    fn search(&self, hash: u64, fits: impl Fn(EntryRef<'_, V>) -> bool) -> Option<Position> {
        let tag = tag_of(hash);
        let home = home_of(hash, self.buckets.len());
        let mut bucket = home;
        loop {
            for slot in 0..SLOTS {
                let at = Position { bucket: bucket as u32, slot: slot as u32 };
                let word = self.slot(at);
                if word.tag() == tag && word.0 != 0 && fits(self.entry(at)) {
                    return Some(at);
                }
            }
            if self.passed[bucket] == 0 {
                return None;
            }
            bucket = self.next(bucket);
            if bucket == home {
                return None;
            }
        }
    }

    /// The blocks that a search for this hash would read, up to the first: for prefetching.
    #[inline]
    pub(super) fn candidate(&self, hash: u64) -> Option<*const u8> {
        let tag = tag_of(hash);
        let bucket = &self.buckets[home_of(hash, self.buckets.len())];
        let word = bucket.0.iter().find(|&&word| Slot(word).tag() == tag && word != 0)?;
        Some(Slot(*word).block().as_ptr())
    }

    #[inline(always)]
    fn next(&self, bucket: usize) -> usize {
        (bucket + 1) & (self.buckets.len() - 1)
    }

    /// Adds an entry whose key is not here. The segment must not be full to the last slot.
    pub(super) fn insert(&mut self, hash: u64, entry: Entry<V>) {
        self.place(tag_of(hash), home_of(hash, self.buckets.len()), entry.into_raw());
    }

    fn place(&mut self, tag: u16, home: usize, block: NonNull<u8>) {
        let mut bucket = home;
        for displacement in 0..self.buckets.len() {
            if let Some(word) = self.buckets[bucket].0.iter_mut().find(|word| **word == 0) {
                *word = Slot::new(tag, block, displacement).0;
                self.len += 1;
                return;
            }
            self.passed[bucket] = self.passed[bucket].saturating_add(1);
            bucket = self.next(bucket);
        }
        unreachable!("a segment is grown or split before its last slot is taken");
    }

    /// Takes the entry at an occupied position out.
    pub(super) fn remove(&mut self, at: Position) -> Entry<V> {
        let slot = self.slot(at);
        let home = self.home_at(at);
        self.buckets[at.bucket as usize].0[at.slot as usize] = 0;
        self.len -= 1;
        let mut bucket = home;
        while bucket != at.bucket as usize {
            if self.passed[bucket] != u8::MAX {
                self.passed[bucket] -= 1;
            }
            bucket = self.next(bucket);
        }
        // SAFETY: the slot owned the entry and has just been emptied.
        unsafe { Entry::from_raw(slot.block()) }
    }

    /// The home bucket of the entry at an occupied position; reads the key only if it is far from
    /// home.
    fn home_at(&self, at: Position) -> usize {
        let displacement = self.slot(at).0 & FAR;
        if displacement == FAR {
            return home_of(self.hash.of(self.entry(at).key()), self.buckets.len());
        }
        at.bucket.wrapping_sub(displacement as u32) as usize & (self.buckets.len() - 1)
    }

    /// All occupied positions.
    pub(super) fn positions(&self) -> impl Iterator<Item = Position> + use<'_, V> {
        (0..self.buckets.len()).flat_map(|bucket| self.occupied(bucket))
    }

    /// All occupied positions, for a walk that reads the entries: those of the next bucket are
    /// loaded while those of one are read.
    pub(super) fn walk(&self) -> impl Iterator<Item = Position> + use<'_, V> {
        self.prefetch_entries(0);
        (0..self.buckets.len()).flat_map(|bucket| {
            self.prefetch_entries(bucket + 1);
            self.occupied(bucket)
        })
    }

    /// The occupied positions of a bucket.
    pub(super) fn occupied(&self, bucket: usize) -> impl Iterator<Item = Position> + use<'_, V> {
        let words = self.buckets[bucket].0.iter().enumerate();
        words
            .filter(|(_, word)| **word != 0)
            .map(move |(slot, _)| Position { bucket: bucket as u32, slot: slot as u32 })
    }

    /// Starts loading the entries of a bucket, if there is such a bucket.
    #[inline]
    pub(super) fn prefetch_entries(&self, bucket: usize) {
        let words = self.buckets.get(bucket).map_or(&[][..], |bucket| &bucket.0);
        for word in words.iter().filter(|word| **word != 0) {
            super::prefetch(Slot(*word).block().as_ptr());
        }
    }

    /// The occupied positions of the entries whose home is `home`.
    pub(super) fn at_home(&self, home: usize) -> Vec<Position> {
        let mut found = Vec::new();
        let mut bucket = home;
        loop {
            found.extend((0..SLOTS).filter_map(|slot| {
                let at = Position { bucket: bucket as u32, slot: slot as u32 };
                (self.slot(at).0 != 0 && self.home_at(at) == home).then_some(at)
            }));
            let next = self.next(bucket);
            if self.passed[bucket] == 0 || next == home {
                return found;
            }
            bucket = next;
        }
    }

    /// An occupied position at random, every one as likely as the next.
    pub(super) fn random(&self, below: &mut impl FnMut(u64) -> u64) -> Option<Position> {
        if self.len == 0 {
            return None;
        }
        let slots = (self.buckets.len() * SLOTS) as u64;
        loop {
            let index = below(slots) as u32;
            let at = Position { bucket: index / SLOTS as u32, slot: index % SLOTS as u32 };
            if self.slot(at).0 != 0 {
                return Some(at);
            }
        }
    }

    /// Calls `visit` for the entries of a few neighbouring buckets, from a given one on.
    pub(super) fn sample<'a>(
        &'a self,
        first: usize,
        buckets: usize,
        visit: &mut impl FnMut(EntryRef<'a, V>),
    ) {
        let count = self.buckets.len();
        let range = move || (0..buckets.min(count)).map(move |step| (first + step) & (count - 1));
        range().for_each(|bucket| self.prefetch_entries(bucket));
        for bucket in range() {
            self.occupied(bucket).for_each(|at| visit(self.entry(at)));
        }
    }

    /// Empties the segment: each entry's tag and address, in the order of the buckets.
    fn drain(&mut self) -> Vec<(u16, NonNull<u8>)> {
        let words = self.buckets.iter_mut().flat_map(|bucket| bucket.0.iter_mut());
        let taken = words.filter_map(|word| {
            let slot = Slot(std::mem::take(word));
            (slot.0 != 0).then(|| (slot.tag(), slot.block()))
        });
        let taken = taken.collect();
        self.passed.fill(0);
        self.len = 0;
        taken
    }

    /// Moves everything to a bucket array of another size. Reads every key: for small segments. As
    /// for `split` and `merge`, nobody may need anything of it any more, in this epoch.
    pub(super) fn resize(&mut self, buckets: usize, epoch: u64) {
        debug_assert!(self.needs.is_settled(epoch));
        let entries = self.drain();
        *self = Segment::new(buckets, self.depth, self.hash, epoch);
        for (tag, block) in entries {
            // SAFETY: the address was drained from a slot that owned it, and is placed again below.
            let hash = self.hash.of(unsafe { EntryRef::<V>::borrow(block) }.key());
            self.place(tag, home_of(hash, buckets), block);
        }
    }

    /// Moves the entries whose next tag bit is set into a new segment; both become one bit deeper.
    pub(super) fn split(&mut self, epoch: u64) -> Segment<V> {
        debug_assert!(self.needs.is_settled(epoch));
        let homes: Vec<usize> = self.positions().map(|at| self.home_at(at)).collect();
        let entries = self.drain();
        self.depth += 1;
        let bit = 1 << (16 - self.depth);
        let mut other = Segment::new(self.buckets.len(), self.depth, self.hash, epoch);
        for ((tag, block), home) in entries.into_iter().zip(homes) {
            let target = if tag & bit == 0 { &mut *self } else { &mut other };
            target.place(tag, home, block);
        }
        other
    }

    /// Takes over the entries of the segment that `split` once made of this one's other half.
    pub(super) fn merge(&mut self, mut other: Segment<V>) {
        debug_assert!(self.buckets.len() == other.buckets.len() && self.depth == other.depth);
        let homes: Vec<usize> = other.positions().map(|at| other.home_at(at)).collect();
        for ((tag, block), home) in other.drain().into_iter().zip(homes) {
            self.place(tag, home, block);
        }
        self.depth -= 1;
    }
}

impl<V> Drop for Segment<V> {
    fn drop(&mut self) {
        for (_, block) in self.drain() {
            // SAFETY: the address was drained from a slot that owned it.
            drop(unsafe { Entry::<V>::from_raw(block) });
        }
    }
}
