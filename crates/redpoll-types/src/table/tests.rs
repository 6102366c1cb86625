//! The table against a `HashMap`, its snapshots, its scan and its random choice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::rng::{Rng, SmallRng};

/// A key and something to change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair(pub(super) Box<[u8]>, pub(super) u64);

impl Keyed for Pair {
    fn key(&self) -> &[u8] {
        &self.0
    }
    fn heap_bytes(&self) -> usize {
        footprint::allocated(self.0.len())
    }
}

pub(super) fn key(number: u64) -> Box<[u8]> {
    format!("key:{number}").into_bytes().into()
}

pub(super) fn table_of(numbers: std::ops::Range<u64>) -> CowTable<Pair> {
    let mut table = CowTable::new();
    for number in numbers {
        assert!(table.insert(Pair(key(number), number)).is_none());
    }
    table
}

pub(super) fn numbers(table: &CowTable<Pair>) -> BTreeSet<u64> {
    let numbers: BTreeSet<u64> = table.iter().map(|pair| pair.1).collect();
    assert_eq!(numbers.len(), table.len());
    numbers
}

/// What must hold of any table: every entry is where its hash leads, depths fit, sums agree.
pub(super) fn check_structure(table: &CowTable<Pair>) {
    let mut len = 0;
    for chunk in table.root.nodes() {
        assert!(chunk.segments.bits() <= CHUNK_BITS);
        for segment in chunk.segments.nodes() {
            assert!(segment.depth() >= chunk.depth && segment.len() <= CAPACITY);
            for entry in segment.entries() {
                let hash = hash_of(entry.key());
                assert!(std::ptr::eq(table.segment(hash), &raw const **segment));
                assert!(std::ptr::eq(table.root.get(hash), &raw const **chunk));
            }
            len += segment.len();
        }
    }
    assert_eq!(len, table.len());
}

#[test]
fn grows_through_chunks_and_shrinks_back() {
    let mut table = table_of(0..40_000);
    check_structure(&table);
    assert!(table.root.nodes().len() >= 4, "chunks have split");
    assert!((0..40_000).all(|number| table.get(&key(number)).is_some_and(|pair| pair.1 == number)));
    assert!((40_000..41_000).all(|number| !table.contains(&key(number))));
    for number in 0..39_990 {
        assert_eq!(table.remove(&key(number)).map(|pair| pair.1), Some(number));
        assert!(number % 5_000 > 0 || table.remove(&key(number)).is_none());
    }
    check_structure(&table);
    assert_eq!(numbers(&table), (39_990..40_000).collect());
    let segments: usize = table.root.nodes().iter().map(|c| c.segments.nodes().len()).sum();
    assert_eq!((table.root.nodes().len(), segments), (1, 1));
}

#[test]
fn a_snapshot_keeps_what_it_was() {
    let mut table = table_of(0..20_000);
    let snapshot = table.clone();
    for number in (0..20_000).step_by(3) {
        table.remove(&key(number));
    }
    for number in (1..20_000).step_by(3) {
        table.get_mut(&key(number)).expect("is there").1 = 1_000_000 + number;
    }
    for number in 20_000..25_000 {
        table.insert(Pair(key(number), number));
    }
    check_structure(&table);
    check_structure(&snapshot);
    assert_eq!(numbers(&snapshot), (0..20_000).collect());
    assert!((0..20_000).all(|number| snapshot.get(&key(number)).is_some_and(|p| p.1 == number)));
    drop(snapshot);
    check_structure(&table);
}

#[test]
fn a_write_beside_a_snapshot_copies_one_segment() {
    let mut table = table_of(0..20_000);
    let snapshot = table.clone();
    assert!(table.get_mut(b"not there").is_none() && table.remove(b"not there").is_none());
    let shared = |table: &CowTable<Pair>| {
        let segments = |table: &CowTable<Pair>| -> BTreeSet<usize> {
            let chunks = table.root.nodes().iter();
            let segments = chunks.flat_map(|chunk| chunk.segments.nodes());
            segments.map(|segment| (&raw const **segment).addr()).collect()
        };
        let (mine, theirs) = (segments(table), segments(&snapshot));
        theirs.difference(&mine).count()
    };
    assert_eq!(shared(&table), 0, "nothing copied by what changes nothing");
    table.get_mut(&key(77)).expect("is there").1 = 0;
    assert_eq!(shared(&table), 1);
}

#[test]
fn scan_visits_all_once_while_nothing_changes() {
    for len in [0, 1, 50, 5_000, 30_000] {
        let table = table_of(0..len);
        let mut visits = BTreeMap::new();
        let (mut cursor, mut calls) = (0, 0u64);
        loop {
            cursor = table.scan(cursor, 10, |pair| *visits.entry(pair.1).or_insert(0) += 1);
            calls += 1;
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(visits.len() as u64, len);
        assert!(visits.values().all(|&count| count == 1));
        assert!(calls <= len / 10 + 2, "{calls} calls for {len}");
    }
}

#[test]
fn any_cursor_is_safe() {
    let table = table_of(0..3_000);
    let mut rng = SmallRng::new(3);
    for cursor in
        [u64::MAX, 1 << 63, 1 << 47, 3].into_iter().chain((0..500).map(|_| rng.next_u64()))
    {
        let mut visited = 0;
        table.scan(cursor, 1, |_| visited += 1);
        assert!(visited <= CAPACITY);
        assert_eq!(table.scan(cursor, usize::MAX, |_| ()), 0);
    }
}

#[test]
fn random_is_even() {
    let table = table_of(0..1_000);
    let mut rng = SmallRng::new(9);
    let mut counts = HashMap::new();
    for _ in 0..100_000 {
        let pair = table.random(&mut rng).expect("not empty");
        *counts.entry(pair.1).or_insert(0u32) += 1;
    }
    // 100 expected each, standard deviation 10.
    assert!(counts.len() == 1_000 && counts.values().all(|count| (50..=160).contains(count)));
}

#[test]
fn random_finds_the_last_ones() {
    let mut table = table_of(0..20_000);
    let mut rng = SmallRng::new(1);
    for left in (0..20_000).rev() {
        let name = table.random(&mut rng).expect("not empty").0.clone();
        assert!(table.remove(&name).is_some());
        assert_eq!(table.len(), left);
    }
    assert!(table.random(&mut rng).is_none());
}

/// The point of the layout: a member of 16 bytes costs less than Redis 7.0's 24 (dictEntry) + 8
/// (bucket, when the table is full) + 24 (an sds of 16 bytes in its size class).
#[test]
fn a_member_costs_less_than_in_a_dict() {
    for len in [2_000u64, 10_000, 60_000] {
        let mut table = CowTable::new();
        for number in 0..len {
            table.insert(Pair16(format!("member:{number:09}").into_bytes().into()));
        }
        let each = table.memory_bytes(0) as f64 / len as f64;
        assert!(each < 40.0, "{each} bytes a member of {len}");
        let sampled = table.memory_bytes(5) as f64 / len as f64;
        assert!((sampled - each).abs() < 1.0);
        // How full the chunks of a small table are differs with the key of the hash.
        let exact = exact_bytes(&table) as f64 / len as f64;
        assert!((exact - each).abs() < 6.0, "{exact} bytes, and not {each}");
    }
}

#[derive(Clone)]
struct Pair16(Box<[u8]>);

impl Keyed for Pair16 {
    fn key(&self) -> &[u8] {
        &self.0
    }
    fn heap_bytes(&self) -> usize {
        footprint::allocated(self.0.len())
    }
}

fn exact_bytes(table: &CowTable<Pair16>) -> usize {
    let mut bytes = table.root.footprint_bytes();
    for chunk in table.root.nodes() {
        bytes += footprint::allocated(8 + size_of::<Chunk<Pair16>>());
        bytes += chunk.segments.footprint_bytes();
        for segment in chunk.segments.nodes() {
            let room = segment.len().next_multiple_of(8);
            bytes += segment::footprint_bytes::<Pair16>(room);
            bytes += segment.entries().iter().map(Keyed::heap_bytes).sum::<usize>();
        }
    }
    bytes
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u64),
    InsertWith(u64),
    Change(u64),
    Upsert(u64),
    Remove(u64),
    InsertMany(u64),
    RemoveMany(u64),
    Snapshot,
}

fn op() -> impl Strategy<Value = Op> {
    let number = 0u64..3_000;
    prop_oneof![
        4 => number.clone().prop_map(Op::Insert),
        4 => number.clone().prop_map(Op::InsertWith),
        4 => number.clone().prop_map(Op::Change),
        4 => number.clone().prop_map(Op::Upsert),
        4 => number.clone().prop_map(Op::Remove),
        1 => number.clone().prop_map(Op::InsertMany),
        1 => number.prop_map(Op::RemoveMany),
        1 => Just(Op::Snapshot),
    ]
}

type Model = HashMap<Box<[u8]>, u64>;

fn apply(table: &mut CowTable<Pair>, model: &mut Model, op: Op, turn: u64) {
    match op {
        Op::Insert(number) => {
            let before = table.insert(Pair(key(number), turn)).map(|pair| pair.1);
            assert_eq!(before, model.insert(key(number), turn));
        }
        Op::InsertWith(number) => {
            let added = table.insert_with(&key(number), || Pair(key(number), turn));
            assert_eq!(added, !model.contains_key(&key(number)));
            model.entry(key(number)).or_insert(turn);
        }
        Op::Change(number) => {
            let mine = table.get_mut(&key(number)).map(|pair| std::mem::replace(&mut pair.1, turn));
            let theirs = model.get_mut(&key(number)).map(|value| std::mem::replace(value, turn));
            assert_eq!(mine, theirs);
        }
        Op::Upsert(number) => {
            let change = |pair: &mut Pair| std::mem::replace(&mut pair.1, turn);
            let mine = table.upsert(&key(number), change, || Pair(key(number), turn));
            assert_eq!(mine, model.insert(key(number), turn));
        }
        Op::Remove(number) => {
            let removed = table.remove(&key(number)).map(|pair| pair.1);
            assert_eq!(removed, model.remove(&key(number)));
        }
        Op::InsertMany(from) => {
            for number in from..from + 300 {
                apply(table, model, Op::Insert(number), turn);
            }
        }
        Op::RemoveMany(from) => {
            for number in from..from + 600 {
                apply(table, model, Op::Remove(number), turn);
            }
        }
        Op::Snapshot => {}
    }
    assert_eq!(table.len(), model.len());
}

fn check_equal(table: &CowTable<Pair>, model: &Model) {
    check_structure(table);
    assert_eq!(table.iter().len(), model.len());
    assert!(table.iter().all(|pair| model.get(&pair.0) == Some(&pair.1)));
    for (key, value) in model {
        assert_eq!(table.get(key).map(|pair| pair.1), Some(*value));
        let by_hash = table.get_by_hash(hash_of(key), |_| true).map(|pair| &pair.0);
        assert_eq!(by_hash, Some(key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn behaves_like_a_map(ops in proptest::collection::vec(op(), 0..60)) {
        let (mut table, mut model) = (CowTable::new(), Model::new());
        let mut snapshots = Vec::new();
        for (turn, op) in ops.into_iter().enumerate() {
            if matches!(op, Op::Snapshot) {
                snapshots.push((table.clone(), model.clone()));
            }
            apply(&mut table, &mut model, op, turn as u64);
        }
        check_equal(&table, &model);
        for (table, model) in &snapshots {
            check_equal(table, model);
        }
    }

    /// Between any two steps of a scan the table may grow and shrink as it likes.
    #[test]
    fn scan_misses_nothing_that_stays(
        stays in 1u64..2_000,
        count in 1usize..200,
        changes in proptest::collection::vec((any::<bool>(), 0u64..4_000), 0..12),
    ) {
        let mut table = table_of(0..stays);
        let (mut cursor, mut seen) = (0, BTreeSet::new());
        let mut changes = changes.into_iter();
        loop {
            cursor = table.scan(cursor, count, |pair| { seen.insert(pair.1); });
            if cursor == 0 {
                break;
            }
            let Some((grow, from)) = changes.next() else { continue };
            for number in (from..from + 1_500).map(|number| number + stays) {
                if grow {
                    table.insert(Pair(key(number), number));
                } else {
                    table.remove(&key(number));
                }
            }
        }
        prop_assert!((0..stays).all(|number| seen.contains(&number)));
    }
}
