//! Writes of strings and whole entries against a plain map.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Ahead of the real clock, from which wheels start.
const NOW: i64 = 4_000_000_000_000;

/// What the map holds: bytes and expiry.
type Model = HashMap<(usize, u8), (Vec<u8>, Option<i64>)>;

#[derive(Clone, Debug)]
enum Op {
    Set(Vec<u8>, Option<i64>, bool),
    Append(Vec<u8>),
    Add(i64),
    Overwrite(Vec<u8>),
    Pad(usize),
    Raw(Vec<u8>),
    Expire(Option<i64>),
    Delete,
    Relocate(u8, usize),
    Duplicate(u8, usize),
    Empty,
    Swap,
}

/// Strings of every shape: integers, short ones, and those that do not fit into an entry.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..30),
        (500usize..530, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
        (900usize..1100, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
    ]
}

/// Times before and behind the middle, and none near it, as the wheel may be a tick late.
fn expiry() -> impl Strategy<Value = Option<i64>> {
    let ms = prop_oneof![1i64..40_000, 60_000i64..100_000];
    prop::option::of(ms.prop_map(|ms| NOW + ms))
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (bytes(), expiry(), any::<bool>()).prop_map(|(b, e, keep)| Op::Set(b, e, keep)),
        2 => bytes().prop_map(Op::Append),
        2 => any::<i64>().prop_map(Op::Add),
        2 => bytes().prop_map(Op::Overwrite),
        2 => (1usize..30).prop_map(Op::Pad),
        1 => (500usize..1100).prop_map(Op::Pad),
        1 => bytes().prop_map(Op::Raw),
        2 => expiry().prop_map(Op::Expire),
        1 => Just(Op::Delete),
        1 => (0u8..4, 0usize..2).prop_map(|(key, db)| Op::Relocate(key, db)),
        1 => (0u8..4, 0usize..2).prop_map(|(key, db)| Op::Duplicate(key, db)),
        1 => Just(Op::Empty),
        1 => Just(Op::Swap),
    ]
}

fn name(number: u8) -> Vec<u8> {
    [b"key:".as_slice(), &[b'0' + number]].concat()
}

/// Does the same to the keyspace and to the map.
fn apply(keys: &mut Keys<'_>, model: &mut Model, db: usize, number: u8, op: Op) {
    let key = &name(number);
    let old = model.get(&(db, number)).cloned();
    let old_expiry = old.as_ref().and_then(|(_, expiry)| *expiry);
    keys.select(db);
    match op {
        Op::Set(bytes, expiry, keep) => {
            let how = match (keep, expiry) {
                (true, _) => Expiry::Keep,
                (false, Some(at)) => Expiry::At(at),
                (false, None) => Expiry::Clear,
            };
            keys.set_string(key, &bytes, how);
            model.insert((db, number), (bytes, if keep { old_expiry } else { expiry }));
        }
        Op::Append(suffix) => {
            let mut bytes = old.map(|(bytes, _)| bytes).unwrap_or_default();
            bytes.extend_from_slice(&suffix);
            let len = keys.append_string(key, &suffix, |_| Ok::<_, WrongType>(()));
            assert_eq!(len, Ok(bytes.len()));
            model.insert((db, number), (bytes, old_expiry));
        }
        Op::Add(by) => {
            let before = old.as_ref().map_or(Some(0), |(bytes, _)| parse_i64(bytes));
            let sum = before.and_then(|before| before.checked_add(by));
            let done = keys.edit_int(key, |before| {
                before.and_then(|before| before.checked_add(by)).ok_or(WrongType)
            });
            assert_eq!(done.ok(), sum);
            if let Some(sum) = sum {
                model.insert((db, number), (sum.to_string().into_bytes(), old_expiry));
            }
        }
        Op::Overwrite(bytes) => {
            assert_eq!(keys.edit_string(key, |all| all.clone_from(&bytes)), Ok(()));
            model.insert((db, number), (bytes, old_expiry));
        }
        Op::Pad(len) => {
            let mut wanted = old.as_ref().map_or(Vec::new(), |(bytes, _)| bytes.clone());
            let short = wanted.len() < len;
            wanted.resize(len.max(wanted.len()), 0);
            wanted[len - 1] ^= 7;
            let edited = keys.edit_bytes(key, len, |all, padded| {
                all[len - 1] ^= 7;
                padded
            });
            assert_eq!(edited, Ok(short));
            model.insert((db, number), (wanted, old_expiry));
        }
        Op::Raw(bytes) => {
            keys.set_raw(key, bytes.clone());
            model.insert((db, number), (bytes, None));
        }
        Op::Expire(at) => {
            assert_eq!(keys.set_expiry(key, at), old.is_some());
            if let Some(entry) = model.get_mut(&(db, number)) {
                entry.1 = at;
            }
        }
        Op::Delete => {
            assert_eq!(keys.delete(key), old.is_some());
            model.remove(&(db, number));
        }
        other => apply_whole(keys, model, (db, number), other),
    }
}

/// The operations on whole entries and databases.
fn apply_whole(keys: &mut Keys<'_>, model: &mut Model, (db, number): (usize, u8), op: Op) {
    let key = &name(number);
    let old = model.get(&(db, number)).cloned();
    match op {
        Op::Relocate(target, to) | Op::Duplicate(target, to) if (to, target) == (db, number) => {}
        Op::Relocate(target, to) => {
            assert_eq!(keys.relocate(key, &name(target), to), old.is_some());
            if let Some(value) = model.remove(&(db, number)) {
                model.insert((to, target), value);
            }
        }
        Op::Duplicate(target, to) => {
            assert_eq!(keys.duplicate(key, &name(target), to), old.is_some());
            model.extend(old.map(|value| ((to, target), value)));
        }
        Op::Empty => {
            let there = model.keys().filter(|(of, _)| *of == db).count();
            assert_eq!(keys.empty(db).keys(), there);
            model.retain(|(of, _), _| *of != db);
        }
        Op::Swap => {
            keys.swap_databases(0, 1);
            let swapped = model.drain().map(|((db, number), value)| ((1 - db, number), value));
            *model = swapped.collect();
        }
        _ => unreachable!("done by apply"),
    }
}

fn check(keys: &mut Keys<'_>, model: &Model) {
    for db in 0..2 {
        keys.select(db);
        for number in 0u8..4 {
            let key = name(number);
            let expected = model.get(&(db, number));
            let text = keys.string(&key).expect("a string").map(|text| text.to_vec());
            assert_eq!(text.as_ref(), expected.map(|(bytes, _)| bytes));
            assert_eq!(keys.expiry(&key), expected.map(|(_, expiry)| *expiry));
        }
        let stripes = 0..keys.keyspace().stripes();
        let volatile: usize =
            stripes.map(|number| keys.held_stripe(number).dbs()[db].volatile).sum();
        let expiring = model.iter().filter(|((of, _), (_, at))| *of == db && at.is_some());
        assert_eq!(volatile, expiring.count());
    }
}

proptest! {
    #[test]
    fn like_a_map(ops in prop::collection::vec((0usize..2, 0u8..4, op()), 0..60)) {
        let keyspace = Keyspace::new(2);
        let mut keys = keyspace.keys(0, NOW);
        keys.lock_all();
        let mut model = Model::new();
        for (db, number, op) in ops {
            apply(&mut keys, &mut model, db, number, op);
        }
        check(&mut keys, &model);
        drop(keys);
        expire_all(&keyspace, &mut model);
    }
}

/// Lets half of the time pass: the wheel must find exactly what has come due.
fn expire_all(keyspace: &Keyspace, model: &mut Model) {
    let later = NOW + 50_000;
    let mut keys = keyspace.keys(0, later);
    for stripe in 0..keyspace.stripes() {
        while keyspace.next_due(stripe) <= later && keyspace.expire(stripe, 100, &mut keys, later) {
        }
    }
    model.retain(|_, (_, at)| at.is_none_or(|at| at > later));
    let left: usize = (0..2)
        .map(|db| {
            let lens =
                (0..keyspace.stripes()).map(|number| keys.stripe(number).dbs()[db].table.len());
            let lens: Vec<usize> = lens.collect();
            assert!(keyspace.lens(db).eq(lens.iter().copied()), "what is told without locks");
            lens.iter().sum::<usize>()
        })
        .sum();
    assert_eq!(left, model.len());
}

#[test]
fn a_write_of_the_same_shape_stays_in_its_block() {
    let keyspace = Keyspace::new(1);
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    let block =
        |keys: &mut Keys<'_>| std::ptr::from_ref(keys.peek(b"k").expect("a key").into_key());
    let long = [vec![b'x'; 1000], vec![b'y'; 900]];
    for (before, after, expiry) in [
        (&b"abc"[..], &b"xyz"[..], Expiry::Clear),
        (b"12", b"123456", Expiry::Clear),
        (b"abc", b"xyz", Expiry::At(NOW + 5)),
        (b"12", b"13", Expiry::At(NOW + 5)),
        (&long[0], &long[1], Expiry::Clear),
        (&long[0], &long[1], Expiry::At(NOW + 5)),
    ] {
        keys.set_string(b"k", before, expiry);
        let first = block(&mut keys);
        keys.set_string(b"k", after, expiry);
        assert_eq!(block(&mut keys), first, "{after:?}");
        keys.set_string(b"k", before, Expiry::Keep);
        assert_eq!(block(&mut keys), first);
        keys.delete(b"k");
    }
}

#[test]
fn conditions_are_of_one_lookup() {
    let keyspace = Keyspace::new(1);
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    assert!(!keys.set_string_when(b"k", b"1", Expiry::Clear, When::Present));
    assert!(keys.set_string_when(b"k", b"1", Expiry::Clear, When::Absent));
    assert!(!keys.set_string_when(b"k", b"2", Expiry::Clear, When::Absent));
    assert!(keys.set_string_when(b"k", b"2", Expiry::At(NOW), When::Present));
    assert!(keys.set_string_when(b"k", b"3", Expiry::Clear, When::Absent), "it has expired");
}

#[test]
fn what_a_string_counts_as() {
    let keyspace = Keyspace::new(1);
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    let raw = |keys: &mut Keys<'_>| keys.peek(b"k").is_some_and(|entry| entry.is_raw());
    let allow = |_| Ok::<_, WrongType>(());
    keys.append_string(b"k", b"12", allow).expect("a string");
    assert!(!raw(&mut keys));
    keys.append_string(b"k", b"3", allow).expect("a string");
    assert!(raw(&mut keys));
    keys.set_string(b"k", b"xyz", Expiry::Clear);
    assert!(!raw(&mut keys));
    keys.edit_string(b"k", |bytes| bytes.push(b'!')).expect("a string");
    assert!(raw(&mut keys));
    assert!(keys.relocate(b"k", b"l", 0) && keys.duplicate(b"l", b"k", 0));
    assert!(raw(&mut keys));
    keys.set_text(b"k", b"15", Expiry::Clear);
    assert!(matches!(keys.string(b"k"), Ok(Some(StrRef::Short(b"15")))));
}

/// Keeps what a keyspace logs.
fn noted(keyspace: &Keyspace) -> Arc<Mutex<Vec<Vec<u8>>>> {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&noted);
    keyspace.set_log(Box::new(move |logged: &[crate::effect::Logged]| {
        let words = logged.iter().map(|logged| logged.words.as_args().iter().collect::<Vec<_>>());
        log.lock().expect("whole").extend(words.map(|words| words.join(&b' ')));
    }));
    noted
}

#[test]
fn what_expires_is_logged_from_the_moment_of_a_snapshot_on() {
    let keyspace = Keyspace::new(1);
    let noted = noted(&keyspace);
    let mut keys = keyspace.keys(0, NOW);
    for (name, at) in [(&b"first"[..], NOW + 5), (b"second", NOW + 60_000)] {
        keys.lock_key(name);
        keys.set_string(name, b"value", Expiry::At(at));
    }
    drop(keys);
    for (later, is_on) in [(NOW + 1_000, false), (NOW + 61_000, true)] {
        let mut keys = keyspace.keys(0, later);
        // The log is turned on when the walk has begun and asks for its first lock.
        keyspace.log_switch().set_consumed(is_on);
        for stripe in 0..keyspace.stripes() {
            while keyspace.expire(stripe, 100, &mut keys, later) {}
        }
        keys.unlock();
    }
    assert_eq!(*noted.lock().expect("whole"), [b"DEL second"]);
}

#[test]
fn what_has_expired_is_logged_by_those_who_leave_early_too() {
    let keyspace = Keyspace::new(1);
    let noted = noted(&keyspace);
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_key(b"k");
    keys.set_string(b"k", b"value", Expiry::At(NOW + 5));
    keys.lock_all();
    keyspace.log_switch().set_consumed(true);
    drop(keys);
    let mut keys = keyspace.keys(0, NOW + 10);
    keys.lock_key(b"k");
    assert!(!keys.exists(b"k"));
    assert_eq!(noted.lock().expect("whole").len(), 0);
    drop(keys);
    assert_eq!(*noted.lock().expect("whole"), [b"DEL k"]);
}
