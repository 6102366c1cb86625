//! The hash against a `BTreeMap`, in all encodings, across their thresholds and through time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::listpack::Listpack;
use crate::rng::SmallRng;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Expiry)>;

/// Thresholds small enough that random operations cross them.
fn small() -> Limits {
    Limits { hash_max_listpack_entries: 8, hash_max_listpack_value: 10, ..Limits::default() }
}

fn of(len: usize, limits: &Limits) -> Hash {
    let mut hash = Hash::new();
    for number in 0..len {
        let (name, value) = (format!("field{number}"), number.to_string());
        assert!(hash.set(name.as_bytes(), value.as_bytes(), Ttl::Clear, 0, limits));
    }
    hash
}

fn contents(hash: &Hash) -> Model {
    let fields = hash.iter().map(|field| {
        let FieldRef { name, value, expiry } = field;
        (name.to_vec(), (value.to_vec(), expiry))
    });
    let contents: Model = fields.collect();
    assert_eq!((contents.len(), hash.iter().count()), (hash.len(), hash.len()));
    contents
}

#[test]
fn encodings_change_where_redis_changes_them() {
    let limits = Limits { hash_max_listpack_entries: 128, ..Limits::default() };
    let mut hash = of(128, &limits);
    assert_eq!(hash.encoding(), "listpack");
    assert!(!hash.set(b"field7", b"again", Ttl::Clear, 0, &limits));
    assert_eq!(hash.encoding(), "listpack");
    assert!(hash.set(b"one more", b"", Ttl::Clear, 0, &limits));
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 129));
    assert!(hash.delete(b"one more", 0));
    assert_eq!(hash.encoding(), "hashtable", "there is no way back");

    for (name, value, encoding) in
        [(64, 64, "listpack"), (65, 0, "hashtable"), (0, 65, "hashtable")]
    {
        let mut hash = of(1, &limits);
        hash.set(&vec![b'n'; name], &vec![b'v'; value], Ttl::Clear, 0, &limits);
        assert_eq!(hash.encoding(), encoding);
    }

    let mut hash = of(3, &limits);
    assert_eq!(hash.set_expiry(b"field1", 50, Condition::Always, 10), SetExpiry::Set);
    assert_eq!(hash.encoding(), "listpackex");
    assert_eq!(hash.persist(b"field1", 10), Persisted::Removed);
    assert_eq!(hash.encoding(), "listpackex");

    let mut hash = of(3, &limits);
    hash.expect(128, &limits);
    assert_eq!(hash.encoding(), "listpack");
    hash.expect(129, &limits);
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 3));
}

#[test]
fn a_listpackex_is_ordered_by_expiry() {
    let limits = Limits::default();
    let mut hash = of(4, &limits);
    for (name, at_ms) in [("field0", 300), ("field2", 100), ("field3", 200)] {
        hash.set_expiry(name.as_bytes(), at_ms, Condition::Always, 0);
    }
    let texts = |hash: &Hash| -> Vec<String> {
        let (pack, with_expiry) = hash.as_listpack().expect("a listpack");
        assert!(with_expiry);
        pack.iter().map(|element| String::from_utf8(element.to_vec()).expect("ascii")).collect()
    };
    let expected =
        ["field2", "2", "100", "field3", "3", "200", "field0", "0", "300", "field1", "1", "0"];
    assert_eq!(texts(&hash), expected);
    let (pack, _) = hash.as_listpack().expect("a listpack");
    let again = Hash::from_listpack(pack.clone(), true, &limits).expect("well formed");
    assert_eq!(contents(&again), contents(&hash));

    hash.set(b"field3", b"x", Ttl::Clear, 0, &limits);
    hash.set(b"field0", b"y", Ttl::Keep, 0, &limits);
    let expected =
        ["field2", "2", "100", "field0", "y", "300", "field1", "1", "0", "field3", "x", "0"];
    assert_eq!(texts(&hash), expected);
}

#[test]
fn conditions_are_those_of_hexpire() {
    use Condition::{Absent, Always, Greater, Less, Present};
    use SetExpiry::{ConditionNotMet, Deleted, NoField, Set};
    for limits in [Limits::default(), Limits { hash_max_listpack_entries: 0, ..small() }] {
        // The expiry before, the condition, the new one, and what comes of it at time 10.
        for (old, condition, new, outcome) in [
            (None, Always, 50, Set),
            (None, Absent, 50, Set),
            (None, Present, 50, ConditionNotMet),
            (None, Greater, 50, ConditionNotMet),
            (None, Less, 50, Set),
            (Some(40), Always, 50, Set),
            (Some(40), Absent, 50, ConditionNotMet),
            (Some(40), Present, 50, Set),
            (Some(40), Greater, 50, Set),
            (Some(40), Greater, 40, ConditionNotMet),
            (Some(40), Less, 40, ConditionNotMet),
            (Some(40), Less, 30, Set),
            (Some(40), Always, 10, Deleted),
            (Some(40), Greater, 10, ConditionNotMet),
            (None, Less, 9, Deleted),
        ] {
            let mut hash = of(1, &limits);
            if let Some(old) = old {
                hash.set_expiry(b"field0", old, Always, 0);
            }
            assert_eq!(hash.set_expiry(b"field0", new, condition, 10), outcome);
            let after = match outcome {
                Deleted => FieldExpiry::NoField,
                Set => FieldExpiry::At(new),
                _ => old.map_or(FieldExpiry::Never, FieldExpiry::At),
            };
            assert_eq!(hash.expiry(b"field0", 10), after);
            assert_eq!(hash.next_expiry(), hash.iter().find_map(|field| field.expiry));
        }
        let mut hash = of(1, &limits);
        assert_eq!(hash.set_expiry(b"other", 50, Always, 10), NoField);
        assert_eq!(hash.persist(b"other", 10), Persisted::NoField);
        assert_eq!(hash.persist(b"field0", 10), Persisted::Never);
    }
}

#[test]
fn expired_fields_are_as_good_as_absent() {
    for limits in [Limits::default(), Limits { hash_max_listpack_entries: 0, ..small() }] {
        let mut hash = of(3, &limits);
        hash.set_expiry(b"field1", 50, Condition::Always, 10);
        assert!(hash.contains(b"field1", 50), "alive up to its time");
        assert!(!hash.contains(b"field1", 51));
        assert_eq!((hash.value_len(b"field1", 51), hash.value_len(b"field1", 50)), (0, 1));
        assert_eq!(hash.expiry(b"field1", 51), FieldExpiry::NoField);
        assert_eq!(hash.persist(b"field1", 51), Persisted::NoField);
        let again = hash.set_expiry(b"field1", 90, Condition::Always, 51);
        assert_eq!(again, SetExpiry::NoField);
        assert_eq!((hash.len(), hash.live(51).count()), (3, 2));
        let mut rng = SmallRng::new(1);
        assert!((0..50).all(|_| {
            let field = hash.random(51, &mut rng).expect("two are alive");
            !field.name.eq_bytes(b"field1")
        }));
        assert_eq!(hash.sample(5, 51, &mut rng).len(), 2);
        hash.scan(0, 10, 51, |field| assert!(!field.name.eq_bytes(b"field1")));
        assert!(!hash.clone().delete(b"field1", 51));

        assert!(hash.set(b"field1", b"new", Ttl::Keep, 51, &limits), "it counts as new");
        assert_eq!(hash.expiry(b"field1", 51), FieldExpiry::Never, "the old expiry is gone");
    }
}

#[test]
fn big_hashes_expire_in_order_and_snapshots_do_not() {
    let mut hash = of(5_000, &Limits::default());
    for number in 0..4_000u64 {
        let name = format!("field{number}");
        hash.set_expiry(name.as_bytes(), 100 + number / 2, Condition::Always, 0);
    }
    let snapshot = hash.clone();
    assert_eq!((hash.volatile_len(), hash.next_expiry()), (4_000, Some(100)));
    let taken: BTreeSet<_> = hash.take_expired(101, 10).into_iter().collect();
    assert_eq!(taken, BTreeSet::from([b"field0".to_vec(), b"field1".to_vec()]));
    let taken = hash.take_expired(u64::MAX, 1_000);
    assert_eq!((taken.len(), hash.len(), hash.volatile_len()), (1_000, 3_998, 2_998));
    assert_eq!(hash.next_expiry(), Some(601));
    assert_eq!(hash.take_expired(u64::MAX, usize::MAX).len(), 2_998);
    assert_eq!((hash.next_expiry(), hash.len()), (None, 1_000));

    assert_eq!((snapshot.len(), snapshot.next_expiry()), (5_000, Some(100)));
    // A snapshot that lives on finds its expiring fields again.
    for mut copy in [snapshot.clone(), snapshot] {
        if copy.len() == 5_000 {
            copy.adopt();
        }
        copy.set(b"field0", b"", Ttl::Clear, 0, &Limits::default());
        assert_eq!(copy.take_expired(101, 10), [b"field1"]);
        assert_eq!((copy.len(), copy.next_expiry()), (4_999, Some(101)));
    }
}

#[test]
fn dumps_are_checked() {
    let limits = Limits::default();
    let check = |texts: &[&str], with_expiry| {
        Hash::from_listpack(texts.iter().collect::<Listpack>(), with_expiry, &limits)
    };
    assert_eq!(check(&["a", "1", "b", "2"], false).expect("well formed").len(), 2);
    assert!(check(&["a", "1", "b"], false).is_err(), "half a field");
    assert!(check(&["a", "1", "a", "2"], false).is_err(), "a name twice");
    assert_eq!(check(&["a", "1", "5", "b", "2", "0"], true).expect("well formed").len(), 2);
    assert!(check(&["a", "1", "0", "b", "2", "5"], true).is_err(), "out of order");
    assert!(check(&["a", "1", "-5"], true).is_err(), "before 1970");
    assert!(check(&["a", "1", "soon"], true).is_err(), "no number");
    let texts: Vec<String> = (0..18).map(|number| number.to_string()).collect();
    let hash = Hash::from_listpack(texts.iter().collect(), false, &small()).expect("well formed");
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 9));
}

#[test]
fn samples_are_distinct_and_random_is_even() {
    let mut rng = SmallRng::new(8);
    for hash in
        [of(3, &Limits::default()), of(3, &Limits { hash_max_listpack_entries: 0, ..small() })]
    {
        let mut counts = BTreeMap::new();
        for _ in 0..3_000 {
            let name = hash.random(0, &mut rng).expect("not empty").name.to_vec();
            *counts.entry(name).or_insert(0) += 1;
        }
        // 1,000 expected of each, standard deviation 26.
        assert!(counts.len() == 3 && counts.values().all(|count| (880..1120).contains(count)));
    }
    for len in [0, 7, 3_000] {
        let hash = of(len, &Limits::default());
        for count in [0, 1, len / 2, len / 4, len, len + 5] {
            let sample = hash.sample(count, 0, &mut rng);
            let names: BTreeSet<_> = sample.iter().map(|field| field.name.to_vec()).collect();
            assert_eq!((sample.len(), names.len()), (count.min(len), count.min(len)));
        }
    }
}

/// A big hash costs less than in Redis 7.0, which pays for each field a dictEntry of 24 bytes, a
/// bucket of 8 or more and two sds, here of 16 and 24 bytes.
#[test]
fn memory_is_what_the_encodings_promise() {
    let limits = Limits::default();
    let hash = of(2, &limits);
    let (pack, _) = hash.as_listpack().expect("a listpack");
    assert_eq!((pack.bytes_len(), hash.memory_usage(5)), (27, 32));
    let mut big = Hash::new();
    for number in 0..20_000 {
        let (name, value) = (format!("field:{number:06}"), format!("value:{number:010}"));
        big.set(name.as_bytes(), value.as_bytes(), Ttl::Clear, 0, &limits);
    }
    assert!(big.memory_usage(0) < 20_000 * (24 + 8 + 16 + 24));
}

#[derive(Clone, Debug)]
enum Op {
    Set(Vec<u8>, Vec<u8>, bool),
    Restore(Vec<u8>, Vec<u8>, Option<u8>),
    Delete(Vec<u8>),
    Expire(Vec<u8>, u8, u8),
    Persist(Vec<u8>),
    Wait(u8),
    TakeExpired(usize),
    Snapshot,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (0u8..12).prop_map(|number| number.to_string().into_bytes()),
        4 => "[ab]{0,2}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..14),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let expiry = proptest::option::of(any::<u8>());
    prop_oneof![
        6 => (name(), name(), any::<bool>()).prop_map(|(name, text, ttl)| Op::Set(name, text, ttl)),
        1 => (name(), name(), expiry).prop_map(|(name, value, at)| Op::Restore(name, value, at)),
        3 => name().prop_map(Op::Delete),
        4 => (name(), any::<u8>(), 0u8..5).prop_map(|(name, at, when)| Op::Expire(name, at, when)),
        1 => name().prop_map(Op::Persist),
        2 => (0u8..30).prop_map(Op::Wait),
        1 => (0usize..4).prop_map(Op::TakeExpired),
        1 => Just(Op::Snapshot),
    ]
}

fn live<'m>(model: &'m Model, name: &[u8], now_ms: u64) -> Option<&'m (Vec<u8>, Expiry)> {
    model.get(name).filter(|field| !expired(field.1, now_ms))
}

fn apply(hash: &mut Hash, model: &mut Model, op: Op, now_ms: &mut u64) {
    let limits = small();
    match op {
        Op::Set(name, value, keep) => {
            let old = live(model, &name, *now_ms).map(|field| field.1);
            let ttl = if keep { Ttl::Keep } else { Ttl::Clear };
            assert_eq!(hash.set(&name, &value, ttl, *now_ms, &limits), old.is_none());
            model.insert(name, (value, old.flatten().filter(|_| keep)));
        }
        Op::Restore(name, value, at) => {
            let expiry = at.map(|at| u64::from(at) + 1);
            let added = hash.restore(&name, &value, expiry, &limits);
            assert_eq!(added, model.insert(name, (value, expiry)).is_none());
        }
        Op::Delete(name) => {
            let there = live(model, &name, *now_ms).is_some();
            assert_eq!(hash.delete(&name, *now_ms), there);
            model.remove(&name);
        }
        Op::Expire(name, at, which) => expire(hash, model, &name, u64::from(at), which, *now_ms),
        Op::Persist(name) => {
            let expiry = live(model, &name, *now_ms).map(|field| field.1);
            let outcome = match expiry {
                None => Persisted::NoField,
                Some(None) => Persisted::Never,
                Some(Some(_)) => Persisted::Removed,
            };
            assert_eq!(hash.persist(&name, *now_ms), outcome);
            if outcome == Persisted::Removed {
                model.entry(name).and_modify(|field| field.1 = None);
            }
        }
        Op::Wait(ms) => *now_ms += u64::from(ms),
        Op::TakeExpired(max) => {
            let due = model.values().filter(|field| expired(field.1, *now_ms)).count();
            let taken = hash.take_expired(*now_ms, max);
            assert_eq!(taken.len(), due.min(max));
            for name in taken {
                let (_, expiry) = model.remove(&name).expect("it was there");
                assert!(expired(expiry, *now_ms));
            }
        }
        Op::Snapshot => {}
    }
    assert_eq!(hash.len(), model.len());
    assert_eq!(hash.next_expiry(), model.values().filter_map(|field| field.1).min());
}

fn expire(hash: &mut Hash, model: &mut Model, name: &[u8], at: u64, which: u8, now_ms: u64) {
    use Condition::{Absent, Always, Greater, Less, Present};
    let condition = [Always, Absent, Present, Greater, Less][usize::from(which)];
    let outcome = hash.set_expiry(name, at, condition, now_ms);
    let Some((_, expiry)) = live(model, name, now_ms) else {
        assert_eq!(outcome, SetExpiry::NoField);
        return;
    };
    let never = u64::MAX;
    let met = match condition {
        Always => true,
        Absent => expiry.is_none(),
        Present => expiry.is_some(),
        Greater => at > expiry.unwrap_or(never),
        Less => at < expiry.unwrap_or(never),
    };
    if !met {
        assert_eq!(outcome, SetExpiry::ConditionNotMet);
    } else if at <= now_ms {
        assert_eq!(outcome, SetExpiry::Deleted);
        model.remove(name);
    } else {
        assert_eq!(outcome, SetExpiry::Set);
        model.entry(name.to_vec()).and_modify(|field| field.1 = Some(at));
    }
}

fn check_equal(hash: &Hash, model: &Model, now_ms: u64) {
    assert_eq!(&contents(hash), model);
    for name in model.keys() {
        let value = hash.get(name, now_ms).map(|value| value.to_vec());
        assert_eq!(value.as_ref(), live(model, name, now_ms).map(|field| &field.0));
    }
    let (mut scanned, mut cursor) = (BTreeSet::new(), 0);
    loop {
        cursor = hash.scan(cursor, 3, now_ms, |field| {
            scanned.insert(field.name.to_vec());
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(scanned.len(), model.values().filter(|field| !expired(field.1, now_ms)).count());
    if let Some((pack, with_expiry)) = hash.as_listpack() {
        let again = Hash::from_listpack(pack.clone(), with_expiry, &small()).expect("well formed");
        assert_eq!(&contents(&again), model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn behaves_like_a_map(ops in proptest::collection::vec(op(), 0..60)) {
        let (mut hash, mut model, mut now_ms) = (Hash::new(), Model::new(), 0);
        let mut snapshots = Vec::new();
        for op in ops {
            if matches!(op, Op::Snapshot) {
                snapshots.push((hash.clone(), model.clone()));
                // Go on with the clone: it must do as well as the original.
                let clone = hash.clone();
                snapshots.push((std::mem::replace(&mut hash, clone), model.clone()));
            }
            apply(&mut hash, &mut model, op, &mut now_ms);
        }
        snapshots.push((hash, model));
        for (hash, model) in &snapshots {
            check_equal(hash, model, now_ms);
        }
    }
}
