//! A table in parts, which threads work on side by side.
//!
//! All tables of the process hash alike, and a segment holds the hashes that begin with certain
//! bits. So what two tables have in common lies in the same part of both, and a union or an
//! intersection is computed part by part, without anything that threads share. A part of a result
//! is a table of its own, until all are there and are put together.
//!
//! This pays for a single thread, too. Looking up the entries of one table in another, in any
//! order, is a cache miss or three for each; part by part, what is looked up lies close to what was
//! looked up before.

use super::directory::Directory;
use super::scan::end_of;
use super::segment::{CAPACITY, Segment};
use super::{Chunk, CowTable, Keyed, hash_of};

/// The hashes that begin with certain bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    number: u64,
    bits: u8,
}

impl Part {
    /// The most bits that tell parts apart.
    pub const BITS_MAX: u8 = 10;

    /// All hashes.
    pub const WHOLE: Part = Part { number: 0, bits: 0 };

    /// The `number`th of `2^bits` parts, in the order of the hashes.
    pub fn new(number: usize, bits: u8) -> Self {
        Part { number: number as u64, bits: bits.min(Part::BITS_MAX) }
    }

    /// The least hash of them.
    fn first(self) -> u64 {
        // Two shifts, as one by 64 is none.
        self.number << 1 << (63 - self.bits)
    }

    /// Whether a hash is one of them.
    fn has(self, hash: u64) -> bool {
        (hash ^ self.first()) >> 1 >> (63 - self.bits) == 0
    }
}

/// A key, and its hash.
#[derive(Clone, Copy, Debug)]
pub struct Hashed<'a> {
    pub(super) hash: u64,
    /// The key.
    pub key: &'a [u8],
}

impl<'a> Hashed<'a> {
    /// A key that is hashed now.
    #[inline]
    pub fn of(key: &'a [u8]) -> Self {
        Hashed { hash: hash_of(key), key }
    }
}

impl<E: Keyed + Clone> CowTable<E> {
    /// An empty table, which may get keys of this part only.
    pub fn of_part(part: Part) -> Self {
        let depth = part.bits;
        let segments = Directory::new(Segment::new(depth));
        Self { root: Directory::new(Chunk { segments, depth }), len: 0 }
    }

    /// How many bits tell the parts apart, at most, that [`CowTable::share_part`] can cut.
    pub fn part_bits(&self) -> u8 {
        self.root.nodes().iter().map(|chunk| chunk.depth).min().unwrap_or(0)
    }

    /// A part of the table as a table of its own, which shares all that there is in it; `None` if
    /// the table is too small to be cut like that. O(segments of the part).
    pub fn share_part(&self, part: Part) -> Option<Self> {
        let root = self.root.part(part.first(), part.bits)?;
        let segments = root.nodes().iter().flat_map(|chunk| chunk.segments.nodes());
        let len = segments.map(|segment| segment.len()).sum();
        Some(Self { root, len })
    }

    /// Puts parts together, all that there are of a number of bits, in their order.
    pub fn join_parts(mut parts: Vec<Self>) -> Self {
        let bits = parts.len().max(1).ilog2() as u8;
        debug_assert_eq!(parts.len(), 1 << bits, "all parts");
        while parts.len() > 1 {
            let mut halves = parts.into_iter();
            parts = Vec::with_capacity(halves.len() / 2);
            while let (Some(low), Some(high)) = (halves.next(), halves.next()) {
                parts.push(Self { root: low.root.join(high.root), len: low.len + high.len });
            }
        }
        let mut table = parts.pop().unwrap_or_default();
        // Where little is left of them, parts are too small to stand for themselves.
        for number in 0..1 << bits {
            let hash = Part::new(number, bits).first();
            while table.join_segments(hash) || table.join_chunks(hash) {}
        }
        table
    }

    /// Visits the entries of a part with their hashes, always in the same order.
    pub fn visit_part<'a>(&'a self, part: Part, mut visit: impl FnMut(Hashed<'a>, &'a E)) {
        let mut hashes = [0; CAPACITY];
        self.visit_segments(part, |segment| {
            let whole = segment.depth() >= part.bits;
            for entries in segment.entries().chunks(CAPACITY) {
                // First all hashes: so the cache misses for the keys overlap.
                let keys = entries.iter().map(Keyed::key);
                hashes.iter_mut().zip(keys).for_each(|(hash, key)| *hash = hash_of(key));
                for (&hash, entry) in hashes.iter().zip(entries) {
                    if whole || part.has(hash) {
                        visit(Hashed { hash, key: entry.key() }, entry);
                    }
                }
            }
        });
    }

    /// Visits the entries of a part, in the same order as [`CowTable::visit_part`].
    pub fn walk_part<'a>(&'a self, part: Part, mut visit: impl FnMut(&'a E)) {
        self.visit_segments(part, |segment| {
            let whole = segment.depth() >= part.bits;
            let entries = segment.entries().iter();
            entries.filter(|entry| whole || part.has(hash_of(entry.key()))).for_each(&mut visit);
        });
    }

    /// The segments in which entries of a part may be.
    fn visit_segments<'a>(&'a self, part: Part, mut visit: impl FnMut(&'a Segment<E>)) {
        let mut position = part.first();
        loop {
            let segment = self.segment(position);
            visit(segment);
            match end_of(position, segment.depth()) {
                Some(next) if part.has(next) => position = next,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Pair, check_structure, key, numbers, table_of};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn parts(bits: u8) -> impl Iterator<Item = Part> {
        (0..1 << bits).map(move |number| Part::new(number, bits))
    }

    #[test]
    fn parts_are_all_of_a_table_once() {
        for len in [0, 1, 50, 700, 9_000] {
            let table = table_of(0..len);
            for bits in [0, 1, 3, 7, Part::BITS_MAX] {
                let (mut met, mut walked) = (Vec::new(), Vec::new());
                for part in parts(bits) {
                    table.visit_part(part, |hashed, entry| {
                        assert_eq!((hashed.hash, hashed.key), (hash_of(&entry.0), &*entry.0));
                        assert!(part.has(hashed.hash));
                        met.push(entry.1);
                    });
                    table.walk_part(part, |entry| walked.push(entry.1));
                }
                assert_eq!(met, walked);
                assert_eq!(met.len() as u64, len);
                assert_eq!(met.into_iter().collect::<BTreeSet<_>>(), (0..len).collect());
            }
        }
    }

    #[test]
    fn a_large_table_is_cut_and_put_together() {
        let table = table_of(0..100_000);
        let bits = table.part_bits();
        assert!((2..6).contains(&bits), "{bits}");
        assert!(table.share_part(Part::new(0, bits + 4)).is_none());
        let shared = parts(bits).map(|part| table.share_part(part).expect("large enough"));
        let joined = CowTable::join_parts(shared.collect());
        check_structure(&joined);
        assert_eq!(numbers(&joined), (0..100_000).collect());
        assert_eq!(joined.part_bits(), bits);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Parts that are made, or shared and changed, are what the whole would be.
        #[test]
        fn parts_are_tables(
            start in 0..40_000u64,
            added in 0..3000u64,
            removed in prop::collection::vec(0..1000usize, 0..40),
            thin in any::<bool>(),
            bits in 0..6u8,
        ) {
            let mut whole = if start > 20_000 { table_of(0..start) } else { CowTable::new() };
            let before = numbers(&whole);
            let bits = if whole.is_empty() { bits } else { bits.min(whole.part_bits()) };
            let new = table_of(start..start + added);
            let gone = |number: u64| {
                thin && !number.is_multiple_of(97) || removed.contains(&(number as usize % 1000))
            };
            let mut made = Vec::new();
            for part in parts(bits) {
                let shared = whole.share_part(part).filter(|_| !whole.is_empty());
                let mut table = shared.unwrap_or_else(|| CowTable::of_part(part));
                new.visit_part(part, |key, pair| {
                    assert!(table.insert_hashed(key, || pair.clone()));
                    assert!(!table.insert_hashed(key, || pair.clone()));
                    let change = |pair: &mut Pair| pair.1 += 1;
                    assert!(table.upsert_hashed(key, change, || pair.clone()).is_some());
                });
                whole.visit_part(part, |key, pair| {
                    if gone(pair.1) {
                        assert_eq!(table.remove_hashed(key), Some(pair.clone()));
                        assert_eq!(table.get_hashed(key), None);
                    }
                });
                made.push(table);
            }
            let mut joined = CowTable::join_parts(made);
            check_structure(&joined);
            let left = before.iter().filter(|number| !gone(**number)).copied();
            let want: BTreeSet<u64> = left.chain((start..start + added).map(|it| it + 1)).collect();
            prop_assert_eq!(numbers(&joined), want);
            prop_assert_eq!(numbers(&whole), before);
            // It goes on as any table.
            for number in 0..start + added {
                joined.remove(&key(number));
                whole.remove(&key(number));
            }
            check_structure(&joined);
            prop_assert!(joined.is_empty() && whole.is_empty());
            prop_assert_eq!(joined.root.nodes().len(), 1);
        }
    }
}
