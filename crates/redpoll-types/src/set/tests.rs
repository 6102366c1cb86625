//! The set against a `BTreeSet`, in all encodings and across their thresholds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::rng::SmallRng;

type Model = BTreeSet<Vec<u8>>;

/// Thresholds small enough that random operations cross them.
const SMALL: Limits = Limits {
    set_max_intset_entries: 12,
    set_max_listpack_entries: 8,
    set_max_listpack_value: 10,
    hash_max_listpack_entries: 0,
    hash_max_listpack_value: 0,
    zset_max_listpack_entries: 0,
    zset_max_listpack_value: 0,
    list_max_listpack_size: 0,
    list_compress_depth: 0,
    stream_node_max_bytes: 0,
    stream_node_max_entries: 0,
    hll_sparse_max_bytes: 0,
};

fn of<T: ToString>(members: impl IntoIterator<Item = T>, limits: &Limits) -> Set {
    let mut set = Set::new();
    for member in members {
        set.add(member.to_string().as_bytes(), limits);
    }
    set
}

fn members(set: &Set) -> Model {
    let members: Model = set.iter().map(|element| element.to_vec()).collect();
    assert_eq!((members.len(), set.iter().count()), (set.len(), set.len()));
    members
}

#[test]
fn encodings_change_where_redis_changes_them() {
    let limits = Limits::default();
    let mut set = of(0..512, &limits);
    assert_eq!(set.encoding(), "intset");
    assert!(!set.add(b"511", &limits) && set.add(b"512", &limits));
    assert_eq!(set.encoding(), "hashtable");

    let mut set = of(0..127, &limits);
    assert!(set.add(b"word", &limits));
    assert_eq!((set.encoding(), set.len()), ("listpack", 128));
    assert!(!set.add(b"word", &limits) && !set.add(b"126", &limits));
    assert_eq!(set.encoding(), "listpack");
    assert!(set.add(b"129th", &limits));
    assert_eq!((set.encoding(), set.len()), ("hashtable", 129));

    let mut set = of(0..128, &limits);
    assert!(set.add(b"word", &limits));
    assert_eq!((set.encoding(), set.len()), ("hashtable", 129));

    assert_eq!(of(["x".repeat(64)], &limits).encoding(), "listpack");
    assert_eq!(of(["x".repeat(65)], &limits).encoding(), "hashtable");
    let mut set = of(["a"], &limits);
    assert!(set.add(&[b'x'; 65], &limits));
    assert_eq!((set.encoding(), set.len()), ("hashtable", 2));
    assert!(set.remove(&[b'x'; 65]));
    assert_eq!(set.encoding(), "hashtable", "there is no way back");
}

#[test]
fn long_integers_count_as_members_of_their_length() {
    let limits = Limits { set_max_listpack_value: 5, ..Limits::default() };
    assert_eq!(of(["12345", "word"], &limits).encoding(), "listpack");
    assert_eq!(of(["-12345", "word"], &limits).encoding(), "hashtable");
}

#[test]
fn starts_as_expected() {
    let limits = Limits::default();
    for (first, expected, encoding) in [
        (&b"1"[..], 512, "intset"),
        (b"1", 513, "hashtable"),
        (b"a", 128, "listpack"),
        (b"a", 129, "hashtable"),
    ] {
        assert_eq!(Set::for_members(first, expected, &limits).encoding(), encoding);
    }
    let mut set = of(0..3, &limits);
    set.expect(512, &limits);
    assert_eq!(set.encoding(), "intset");
    set.expect(513, &limits);
    assert_eq!((set.encoding(), set.len()), ("hashtable", 3));
    set.make_intset(&limits);
    assert_eq!((set.encoding(), set.len()), ("intset", 3));
    let mut set = of(["1", "a"], &limits);
    set.make_intset(&limits);
    assert_eq!(set.encoding(), "listpack");
}

#[test]
fn dumps_are_taken_over_and_checked() {
    let limits = Limits::default();
    let set = of(0..10, &limits);
    let ints = set.as_intset().expect("an intset").clone();
    assert_eq!(members(&Set::from_intset(ints.clone(), &limits)), members(&set));
    assert_eq!(Set::from_intset(ints, &SMALL).encoding(), "intset");
    let ints = of(0..13, &limits).as_intset().expect("an intset").clone();
    assert_eq!(Set::from_intset(ints, &SMALL).encoding(), "hashtable");

    let pack: Listpack = ["a", "1", "b"].into_iter().collect();
    let set = Set::from_listpack(pack.clone(), &limits).expect("distinct");
    assert_eq!(set.as_listpack(), Some(&pack));
    let twice: Listpack = ["a", "1", "a"].into_iter().collect();
    assert!(Set::from_listpack(twice, &limits).is_err());
    let many: Listpack = (0..9).map(|number| number.to_string()).collect();
    let set = Set::from_listpack(many, &SMALL).expect("distinct");
    assert_eq!((set.encoding(), set.len()), ("hashtable", 9));
}

#[test]
fn random_choices_are_even_in_every_encoding() {
    let limits = Limits::default();
    let tables = of(["x".repeat(65), "y".into(), "z".into()], &limits);
    for set in [of(0..3, &limits), of(["a", "b", "3"], &limits), tables] {
        let mut rng = SmallRng::new(5);
        let mut counts: [BTreeMap<Vec<u8>, u32>; 3] = Default::default();
        for _ in 0..3_000 {
            let random = set.random(&mut rng).expect("not empty").to_vec();
            *counts[0].entry(random).or_default() += 1;
            let sample = set.sample(1, &mut rng);
            *counts[1].entry(sample[0].to_vec()).or_default() += 1;
            let popped = set.clone().pop(&mut rng).expect("not empty");
            *counts[2].entry(popped).or_default() += 1;
        }
        // 1,000 expected of each, standard deviation 26.
        for counts in counts {
            assert_eq!(counts.len(), 3);
            assert!(counts.values().all(|count| (880..1120).contains(count)), "{counts:?}");
        }
    }
}

#[test]
fn samples_and_pops_are_distinct_members() {
    let mut rng = SmallRng::new(6);
    for len in [0usize, 5, 100, 3_000] {
        for limits in [Limits::default(), SMALL] {
            let mut set = of(0..len, &limits);
            let all = members(&set);
            for count in [0, 1, 2, len / 2, len, len + 5] {
                let sample: Model =
                    set.sample(count, &mut rng).iter().map(Element::to_vec).collect();
                assert_eq!(sample.len(), count.min(len));
                assert!(sample.is_subset(&all));
            }
            let first: Model = set.pop_many(len / 3, &mut rng).into_iter().collect();
            assert_eq!((first.len(), set.len()), (len / 3, len - len / 3));
            let rest: Model = set.pop_many(usize::MAX, &mut rng).into_iter().collect();
            assert!(set.is_empty() && first.is_disjoint(&rest));
            assert_eq!(&first | &rest, all);
            assert_eq!((set.pop(&mut rng), set.random(&mut rng)), (None, None));
        }
    }
}

/// Small sets take their bytes and nothing else; big ones less than Redis 7.0's dict, which pays 24
/// for a dictEntry, 8 or more for its bucket and an sds for each member.
#[test]
fn memory_is_what_the_encodings_promise() {
    let limits = Limits::default();
    assert_eq!(of(0..100, &limits).memory_usage(5), 208 + 16);
    assert_eq!(of(["a", "b"], &limits).memory_usage(5), 16);
    let big = of((0..50_000).map(|number| format!("user:{number:06}")), &limits);
    assert!(big.memory_usage(0) < 50_000 * (24 + 8 + 16));
    let short = of((0..50_000).map(|number| format!("u{number}")), &limits);
    assert!(short.memory_usage(0) < 50_000 * 24, "members of seven bytes need no allocation");
}

#[derive(Clone, Debug)]
enum Op {
    Add(Vec<u8>),
    AddElement(Vec<u8>),
    Remove(Vec<u8>),
    Pop,
    Snapshot,
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (0u8..40).prop_map(|number| number.to_string().into_bytes()),
        1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        2 => "[ab]{0,3}".prop_map(String::into_bytes),
        1 => "[0-9]{1,3}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..14),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => member().prop_map(Op::Add),
        2 => member().prop_map(Op::AddElement),
        4 => member().prop_map(Op::Remove),
        1 => Just(Op::Pop),
        1 => Just(Op::Snapshot),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn behaves_like_a_set(ops in proptest::collection::vec(op(), 0..60), seed in any::<u64>()) {
        let (mut set, mut model) = (Set::new(), Model::new());
        let (mut rng, mut snapshots) = (SmallRng::new(seed), Vec::new());
        for op in ops {
            match op {
                Op::Add(member) => {
                    prop_assert_eq!(set.add(&member, &SMALL), model.insert(member));
                }
                Op::AddElement(member) => {
                    let pack: Listpack = [&member].into_iter().collect();
                    let element = pack.get(0).expect("one element");
                    prop_assert_eq!(set.contains_element(element), model.contains(&member));
                    prop_assert_eq!(set.add_element(element, &SMALL), model.insert(member));
                }
                Op::Remove(member) => {
                    prop_assert_eq!(set.contains(&member), model.contains(&member));
                    prop_assert_eq!(set.remove(&member), model.remove(&member));
                }
                Op::Pop => {
                    let popped = set.pop(&mut rng);
                    prop_assert_eq!(popped.is_some(), !model.is_empty());
                    prop_assert!(popped.is_none_or(|member| model.remove(&member)));
                }
                Op::Snapshot => snapshots.push((set.clone(), model.clone())),
            }
            prop_assert_eq!(set.len(), model.len());
        }
        snapshots.push((set, model));
        for (set, model) in snapshots {
            prop_assert_eq!(&members(&set), &model);
            let mut scanned = Model::new();
            let mut cursor = 0;
            loop {
                cursor = set.scan(cursor, 3, |element| { scanned.insert(element.to_vec()); });
                if cursor == 0 { break; }
            }
            prop_assert_eq!(scanned, model);
        }
    }
}
