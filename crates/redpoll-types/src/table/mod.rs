//! The hash table of big sets and hashes, made to be shared with snapshots.
//!
//! ```text
//! root directory ──> chunk ──> chunk's directory ──> segment ──> up to 64 entries
//!                    (an Arc)  (up to 256 slots)     (an Arc)
//! ```
//!
//! Why not a table from the shelf: a long reader (SMEMBERS of a million members, a save) must not
//! hold the lock, so it takes a snapshot; and no growth may stall other clients. Here a clone
//! copies one pointer for each chunk, about one for 8,000 entries, and shares everything below; a
//! writer then copies only the chunk and the segment it touches. Growth is extendible hashing: a
//! full segment splits in two and nothing else moves, so that no operation takes more than some ten
//! microseconds whatever the size. One flat directory would do for lookups, but the first write
//! after a snapshot would copy all of it; hence two levels.
//!
//! The order of the hashes is the order of [`CowTable::scan`], which splits and merges do not
//! change. Hashes are keyed by a secret of the process: an attacker cannot choose what collides.
//!
//! Cost a member, besides what the entry owns: the 16-byte slot, 1.5 for its tag, 2 for room not
//! used, 1.5 for the segment and the directories. Redis 7.0 pays 24 for a dictEntry and 8 to 16 for
//! its bucket.

mod directory;
mod part;
mod scan;
mod segment;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use crate::footprint;
use crate::rng::Rng;
use directory::{Directory, Node};
pub use part::{Hashed, Part};
pub use scan::Iter;
use segment::{CAPACITY, Segment};

/// Directory bits of a chunk: it splits when it would need more than 256 slots.
const CHUNK_BITS: u8 = 8;
/// A segment does not split below this many hash bits; also bounds the cursors of a scan.
const DEPTH_MAX: u8 = 48;
/// Segments that together have this many entries or fewer are joined: far enough below
/// [`CAPACITY`] that a few insertions do not split them again.
const JOIN_ENTRIES: usize = 40;
/// Chunks that together have this many segments or fewer are joined.
const JOIN_SEGMENTS: usize = 64;

/// What a table stores: something with a key that never changes.
pub trait Keyed {
    /// The bytes that identify the entry in its table.
    fn key(&self) -> &[u8];

    /// Bytes the entry owns on the heap, as the allocator counts them.
    fn heap_bytes(&self) -> usize;
}

/// A hash table of entries with distinct keys; its clone is a snapshot.
#[derive(Clone)]
pub struct CowTable<E> {
    root: Directory<Chunk<E>>,
    len: usize,
}

/// A part of the table that is copied as one when a snapshot shares it: pointers to segments.
#[derive(Clone)]
struct Chunk<E> {
    segments: Directory<Segment<E>>,
    depth: u8,
}

impl<E: Clone> Node for Segment<E> {
    fn depth(&self) -> u8 {
        Segment::depth(self)
    }
}

impl<E: Clone> Node for Chunk<E> {
    fn depth(&self) -> u8 {
        self.depth
    }
}

/// The hash of a key, the same for all tables of the process and unknown outside of it.
#[inline]
pub fn hash_of(key: &[u8]) -> u64 {
    static STATE: OnceLock<ahash::RandomState> = OnceLock::new();
    STATE.get_or_init(ahash::RandomState::new).hash_one(key)
}

impl<E: Keyed + Clone> Default for CowTable<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Keyed + Clone> CowTable<E> {
    /// An empty table.
    pub fn new() -> Self {
        let segments = Directory::new(Segment::new(0));
        Self { root: Directory::new(Chunk { segments, depth: 0 }), len: 0 }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry of `key`. O(1).
    pub fn get(&self, key: &[u8]) -> Option<&E> {
        self.get_hashed(Hashed::of(key))
    }

    /// The entry of a key whose hash is known. O(1).
    #[inline]
    pub fn get_hashed(&self, Hashed { hash, key }: Hashed<'_>) -> Option<&E> {
        let segment = self.segment(hash);
        segment.find(hash, key).map(|at| &segment.entries()[at])
    }

    /// Whether there is an entry of `key`. O(1).
    pub fn contains(&self, key: &[u8]) -> bool {
        self.get(key).is_some()
    }

    /// The entry of `key`, to change what is not its key. O(1); copies nothing when there is none.
    pub fn get_mut(&mut self, key: &[u8]) -> Option<&mut E> {
        let hash = hash_of(key);
        let at = self.segment(hash).find(hash, key)?;
        Some(self.segment_mut(hash).entry_mut(at))
    }

    /// The entry of `key`, to change what is not its key, unless a snapshot shares it. O(1).
    pub fn get_own(&mut self, key: &[u8]) -> Option<&mut E> {
        let hash = hash_of(key);
        let at = self.segment(hash).find(hash, key)?;
        let segment = self.root.own(hash)?.segments.own(hash)?;
        Some(segment.entry_mut(at))
    }

    /// The first entry whose key has this hash and that satisfies `wanted`. O(1).
    pub fn get_by_hash(&self, hash: u64, wanted: impl Fn(&E) -> bool) -> Option<&E> {
        let segment = self.segment(hash);
        let found = |entry: &E| wanted(entry) && hash_of(entry.key()) == hash;
        segment.find_where(hash, found).map(|at| &segment.entries()[at])
    }

    /// Puts `entry` in; returns the one of the same key that was there. O(1).
    pub fn insert(&mut self, entry: E) -> Option<E> {
        let hash = hash_of(entry.key());
        match self.segment(hash).find(hash, entry.key()) {
            Some(at) => Some(std::mem::replace(self.segment_mut(hash).entry_mut(at), entry)),
            None => {
                self.insert_absent(hash, entry);
                None
            }
        }
    }

    /// Puts the entry that `make` builds in if there is none of `key`; returns whether. `make`'s
    /// entry must have this key. O(1).
    pub fn insert_with(&mut self, key: &[u8], make: impl FnOnce() -> E) -> bool {
        self.insert_hashed(Hashed::of(key), make)
    }

    /// The same for a key whose hash is known.
    pub fn insert_hashed(&mut self, key: Hashed<'_>, make: impl FnOnce() -> E) -> bool {
        let Hashed { hash, key } = key;
        let absent = self.segment(hash).find(hash, key).is_none();
        if absent {
            self.insert_absent(hash, make());
        }
        absent
    }

    /// Changes the entry of `key` by `change`, whose result is returned; or else puts in what
    /// `make` builds and returns `None`. Neither may disagree with `key`. O(1).
    pub fn upsert<R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut E) -> R,
        make: impl FnOnce() -> E,
    ) -> Option<R> {
        self.upsert_hashed(Hashed::of(key), change, make)
    }

    /// The same for a key whose hash is known.
    pub fn upsert_hashed<R>(
        &mut self,
        Hashed { hash, key }: Hashed<'_>,
        change: impl FnOnce(&mut E) -> R,
        make: impl FnOnce() -> E,
    ) -> Option<R> {
        match self.segment(hash).find(hash, key) {
            Some(at) => Some(change(self.segment_mut(hash).entry_mut(at))),
            None => {
                self.insert_absent(hash, make());
                None
            }
        }
    }

    /// Removes the entry of `key`. O(1); copies nothing when there is none.
    pub fn remove(&mut self, key: &[u8]) -> Option<E> {
        self.remove_hashed(Hashed::of(key))
    }

    /// The same for a key whose hash is known.
    pub fn remove_hashed(&mut self, Hashed { hash, key }: Hashed<'_>) -> Option<E> {
        let at = self.segment(hash).find(hash, key)?;
        let entry = self.segment_mut(hash).remove(at);
        self.len -= 1;
        while self.join_segments(hash) || self.join_chunks(hash) {}
        Some(entry)
    }

    /// An entry, each with equal probability; `None` when empty. O(1) expected.
    ///
    /// Draws a place among all there could be until it hits one that is taken: about one in three
    /// is, as segments and chunks split in halves and join before they are empty.
    pub fn random(&self, rng: &mut (impl Rng + ?Sized)) -> Option<&E> {
        const DRAWS: usize = 200;
        if self.is_empty() {
            return None;
        }
        let chunks = self.root.nodes();
        let (segments_max, entries_max) = match chunks {
            [chunk] => match chunk.segments.nodes() {
                [segment] => (1, segment.len()),
                segments => (segments.len(), CAPACITY),
            },
            _ => (1 << CHUNK_BITS, CAPACITY),
        };
        for _ in 0..DRAWS {
            let chunk = &chunks[rng.below(chunks.len() as u64) as usize];
            let segment = rng.below(segments_max as u64) as usize;
            let Some(segment) = chunk.segments.nodes().get(segment) else { continue };
            if let Some(entry) = segment.entries().get(rng.below(entries_max as u64) as usize) {
                return Some(entry);
            }
        }
        // Almost empty: a walk is short.
        self.iter().nth(rng.below(self.len as u64) as usize)
    }

    /// Estimates the bytes the table takes on the heap, entries included: the average of the first
    /// `samples` entries, or of all if 0, stands for the others. What snapshots share is counted in
    /// full. O(chunks + samples).
    pub fn memory_bytes(&self, samples: usize) -> usize {
        let chunk_box = footprint::allocated(footprint::ARC_HEADER + size_of::<Chunk<E>>());
        let mut bytes = self.root.footprint_bytes();
        let mut segments = 0;
        for chunk in self.root.nodes() {
            bytes += chunk_box + chunk.segments.footprint_bytes();
            segments += chunk.segments.nodes().len();
        }
        // A segment has room for up to eight more entries than it holds.
        let room = self.len.div_ceil(segments) + usize::from(!self.is_empty()) * 4;
        bytes += segments * segment::footprint_bytes::<E>(room);
        let samples = if samples == 0 { self.len } else { samples.min(self.len) };
        let owned: usize = self.iter().take(samples).map(Keyed::heap_bytes).sum();
        if samples > 0 {
            bytes += (owned as f64 / samples as f64 * self.len as f64) as usize;
        }
        bytes
    }

    #[inline]
    fn segment(&self, hash: u64) -> &Segment<E> {
        self.root.get(hash).segments.get(hash)
    }

    fn segment_mut(&mut self, hash: u64) -> &mut Segment<E> {
        self.root.get_mut(hash).segments.get_mut(hash)
    }

    fn insert_absent(&mut self, hash: u64, entry: E) {
        while self.segment(hash).len() >= CAPACITY && self.segment(hash).depth() < DEPTH_MAX {
            self.split(hash);
        }
        self.segment_mut(hash).push(hash, entry);
        self.len += 1;
    }

    /// Splits the segment of `hash`, and first its chunk if that has no slot left for it.
    fn split(&mut self, hash: u64) {
        let chunk = self.root.get_mut(hash);
        if chunk.segments.bits() == CHUNK_BITS && chunk.segments.is_single(hash) {
            let depth = chunk.depth + 1;
            let (low, high) = take_directory(&mut chunk.segments).split();
            let low = Chunk { segments: low, depth };
            let high = Chunk { segments: high, depth };
            self.root.replace_by_halves(hash, low, high);
        }
        let segments = &mut self.root.get_mut(hash).segments;
        let segment = segments.get_mut(hash);
        let depth = segment.depth();
        // An empty segment of the same depth holds the place for a moment.
        let (low, high) = std::mem::replace(segment, Segment::new(depth)).split();
        segments.replace_by_halves(hash, low, high);
    }

    /// Joins the segment of `hash` with its other half if both are nearly empty.
    fn join_segments(&mut self, hash: u64) -> bool {
        let segments = &self.root.get(hash).segments;
        let len = segments.get(hash).len();
        // Looking at the buddy costs a cache miss: do so only when there is hope.
        if len > JOIN_ENTRIES / 2 {
            return false;
        }
        let Some(buddy) = segments.buddy(hash) else { return false };
        if len + segments.get(buddy).len() > JOIN_ENTRIES {
            return false;
        }
        let segments = &mut self.root.get_mut(hash).segments;
        let [low, high] = [hash.min(buddy), hash.max(buddy)].map(|hash| {
            let segment = segments.get_mut(hash);
            let depth = segment.depth();
            std::mem::replace(segment, Segment::new(depth))
        });
        segments.replace_by_whole(hash, buddy, low.join(high));
        true
    }

    /// Joins the chunk of `hash` with its other half if both are nearly empty.
    fn join_chunks(&mut self, hash: u64) -> bool {
        let segments = &self.root.get(hash).segments;
        if segments.nodes().len() > JOIN_SEGMENTS / 2 {
            return false;
        }
        let Some(buddy) = self.root.buddy(hash) else { return false };
        let other = &self.root.get(buddy).segments;
        let crowded = segments.nodes().len() + other.nodes().len() > JOIN_SEGMENTS;
        if crowded || segments.bits().max(other.bits()) == CHUNK_BITS {
            return false;
        }
        let depth = self.root.get(hash).depth - 1;
        let [low, high] = [hash.min(buddy), hash.max(buddy)]
            .map(|hash| take_directory(&mut self.root.get_mut(hash).segments));
        self.root.replace_by_whole(hash, buddy, Chunk { segments: low.join(high), depth });
        true
    }
}

/// Takes a chunk's directory out; the chunk is about to be replaced.
fn take_directory<E: Clone>(directory: &mut Directory<Segment<E>>) -> Directory<Segment<E>> {
    let depth = directory.nodes().first().map_or(0, |segment| segment.depth());
    std::mem::replace(directory, Directory::new(Segment::new(depth)))
}
