//! Snapshots against copies of everything, made at their moments with all stripes locked: while
//! writers do whatever a keyspace allows, and readers come along slowly.

use super::*;
use crate::Keyspace;
use crate::keys::{Expiry, WrongType};
use proptest::prelude::*;
use redpoll_types::hash::{Condition, Hash, Ttl};
use redpoll_types::limits::Limits;
use redpoll_types::list::List;
use redpoll_types::rng::{Rng, SmallRng};
use redpoll_types::set::Set;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// Ahead of the real clock, from which wheels start.
const NOW: i64 = 4_000_000_000_000;
const DATABASES: usize = 3;

/// All keys with what they hold and when they expire, in words.
type Copied = BTreeMap<(usize, Vec<u8>), (String, Option<i64>)>;

/// Names of keys that lie in three stripes, so that a few thousand make tables split.
fn names() -> &'static [Vec<u8>] {
    static NAMES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let keyspace = Keyspace::new(1);
        let names = (0u32..).map(|number| format!("key:{number}").into_bytes());
        let near = names.filter(|name| keyspace.stripe_of(keyspace.hash(name)) < 3);
        near.take(if cfg!(miri) { 200 } else { 6000 }).collect()
    })
}

fn words(payload: Payload<'_, Value>) -> String {
    let mut text = String::new();
    let said = match payload {
        Payload::Inline(bytes) => write!(text, "{}", String::from_utf8_lossy(bytes)),
        Payload::Int(value) => write!(text, "{value}"),
        Payload::Value(Value::Str(long)) => {
            write!(text, "{}", String::from_utf8_lossy(long.as_bytes()))
        }
        Payload::Value(Value::List(list)) => write!(text, "{:?}", list.iter().collect::<Vec<_>>()),
        Payload::Value(Value::Set(set)) => {
            let mut members: Vec<String> = set.iter().map(|m| format!("{m:?}")).collect();
            members.sort();
            write!(text, "{members:?}")
        }
        Payload::Value(Value::Hash(hash)) => {
            let field = |f: redpoll_types::hash::FieldRef<'_>| {
                format!("{:?}={:?}@{:?}", f.name, f.value, f.expiry)
            };
            let mut fields: Vec<String> = hash.iter().map(field).collect();
            fields.sort();
            write!(text, "{fields:?}")
        }
        Payload::Value(_) => unreachable!("not made here"),
    };
    said.expect("a string takes everything");
    text
}

/// A copy of everything. All stripes must be locked.
fn copy(keys: &mut Keys<'_>) -> Copied {
    let mut copied = Copied::new();
    for stripe in 0..keys.keyspace().stripes() {
        for (db, part) in keys.held_stripe(stripe).dbs().iter().enumerate() {
            for entry in part.table.iter() {
                let said = (words(entry.payload()), entry.expiry());
                copied.insert((db, entry.key().to_vec()), said);
            }
        }
    }
    copied
}

/// A snapshot that is being taken, what has come of it, and what all of it must be.
struct Taking {
    snapshot: Snapshot,
    come: Copied,
    expected: Copied,
}

impl Taking {
    fn begin(keyspace: &Keyspace) -> Option<Self> {
        let mut keys = keyspace.keys(0, NOW);
        keys.lock_all();
        let expected = copy(&mut keys);
        let snapshot = Snapshot::begin(&mut keys)?;
        assert_eq!(snapshot.len(), expected.len());
        let expiring = expected.values().filter(|(_, expiry)| expiry.is_some()).count();
        let volatile = snapshot.databases().iter().map(|database| database.volatile);
        assert_eq!(volatile.sum::<usize>(), expiring);
        Some(Taking { snapshot, come: Copied::new(), expected })
    }

    /// Lets some more come; false at the end.
    fn step(&mut self, keyspace: &Keyspace) -> bool {
        let (mut keys, mut batch) = (keyspace.keys(0, NOW), Batch::new());
        let more = self.snapshot.next(&mut keys, &mut batch);
        batch.each(|entry| {
            let said = (words(entry.payload), entry.expiry);
            let twice = self.come.insert((entry.db, entry.key.to_vec()), said);
            assert!(twice.is_none(), "{:?} comes twice", String::from_utf8_lossy(entry.key));
            true
        });
        more
    }

    fn finish(mut self, keyspace: &Keyspace) {
        let hash = |value: &Value| matches!(value, Value::Hash(hash) if hash.volatile_len() > 0);
        let ahead = self.snapshot.any(&mut keyspace.keys(0, NOW), hash);
        let before = self.come.len();
        while self.step(keyspace) {}
        assert!(self.come == self.expected, "not what was there");
        let has_expiring_fields = |(text, _): &&(String, _)| text.contains("@Some");
        let there = self.expected.values().find(has_expiring_fields).is_some();
        assert!(there || !ahead);
        assert!(ahead || !there || before > 0, "what is still to come has such a hash");
    }
}

/// What a writer does to one key. `choice` chooses what, and with what.
fn write(keys: &mut Keys<'_>, key: &[u8], choice: u64) {
    let (number, limits) = (choice >> 8, Limits::default());
    let text = number.to_string().into_bytes();
    let expiry = NOW + 1_000_000 + (number % 1000) as i64;
    match choice % 14 {
        0 => keys.set_string(key, &text, Expiry::Clear),
        1 => keys.set_string(key, &text.repeat(5), Expiry::Keep),
        2 => keys.set_string(key, &text.repeat(70), Expiry::At(expiry)),
        3 => keys.set_string(key, &text.repeat(70), Expiry::Keep),
        4 => drop(keys.append_string(key, &text, |_| Ok::<_, WrongType>(()))),
        5 => drop(keys.edit_int(key, |before| {
            before.and_then(|before| before.checked_add(1)).ok_or(WrongType)
        })),
        6 => drop(keys.set_expiry(key, (!number.is_multiple_of(3)).then_some(expiry))),
        7 => drop(keys.edit_bytes(key, 3 + choice as usize % 600, |bytes, _| bytes[2] ^= 1)),
        8 => drop(keys.delete(key)),
        9 => {
            if let Ok(list) = keys.write_or_new::<List>(key) {
                (0..number % 200).for_each(|_| list.push_back(&text, &limits));
            }
        }
        10 => {
            if let Ok(set) = keys.write_or_new::<Set>(key) {
                for member in number..number + choice % 400 {
                    set.add(&member.to_le_bytes(), &limits);
                }
            }
        }
        11 => {
            if let Ok(hash) = keys.write_or_new::<Hash>(key) {
                let before = hash.next_expiry();
                hash.set(&text, &text, Ttl::Clear, NOW as u64, &limits);
                if number.is_multiple_of(4) {
                    hash.set_expiry(&text, expiry as u64, Condition::Always, NOW as u64);
                }
                keys.fields_changed(key, before);
            }
        }
        12 => {
            if let Ok(Some(list)) = keys.write::<List>(key) {
                list.pop_front(&limits);
            }
        }
        _ => drop(keys.edit_string(key, |bytes| bytes.insert(0, b'!'))),
    }
    keys.drop_if_empty(key);
}

/// One or many changes of a keyspace, all at once to everybody else.
fn act(keyspace: &Keyspace, rng: &mut SmallRng) {
    let names = names();
    let db = rng.below(DATABASES as u64) as usize;
    let any = |rng: &mut SmallRng| rng.below(names.len() as u64) as usize;
    let mut keys = keyspace.keys(db, NOW);
    match rng.below(60) {
        0..40 => {
            for _ in 0..rng.below(20) {
                let key = &names[any(rng)];
                keys.lock_key(key);
                write(&mut keys, key, rng.next_u64());
            }
        }
        // Tables split, and merge.
        what @ 40..45 => {
            let from = any(rng);
            for key in names[from..].iter().take(rng.below(1500) as usize) {
                keys.lock_key(key);
                match what < 43 {
                    true => keys.set_int(key, from as i64, Expiry::Keep),
                    false => drop(keys.delete(key)),
                }
            }
        }
        45..52 => {
            let (one, other) = (&names[any(rng)], &names[any(rng)]);
            keys.lock_keys([&one[..], &other[..]].into_iter());
            let to = rng.below(DATABASES as u64) as usize;
            match rng.below(2) {
                _ if one == other && db == to => {}
                0 => drop(keys.relocate(one, other, to)),
                _ => drop(keys.duplicate(one, other, to)),
            }
        }
        52 | 53 => {
            keys.lock_all();
            keys.empty(db).free_later(keyspace);
        }
        54..56 => {
            keys.lock_all();
            keys.swap_databases(db, (db + 1) % DATABASES);
        }
        _ => {
            let later = NOW + 1_000_000 + rng.below(1000) as i64;
            keyspace.expire(rng.below(3) as usize, 100, &mut keys, later);
        }
    }
}

/// Nobody needs anything any more, and nothing is kept for anybody.
fn assert_settled(keyspace: &Keyspace) {
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    assert_eq!(keyspace.epochs().live().all(), 0);
    for stripe in 0..keyspace.stripes() {
        for part in keys.held_stripe(stripe).dbs() {
            assert!(part.table.has_no_marks());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 40 }))]

    #[test]
    fn each_is_of_its_moment(seed in any::<u64>(), rounds in 1u64..300, slowness in 1u64..60) {
        let (keyspace, mut rng) = (Keyspace::new(DATABASES), SmallRng::new(seed));
        let mut taking: Vec<Taking> = Vec::new();
        for _ in 0..rounds {
            match rng.below(slowness + 12) {
                0 if taking.len() < 3 => taking.extend(Taking::begin(&keyspace)),
                // Given up, in the middle of it.
                1 if rng.below(4) == 0 => drop(taking.pop()),
                2..6 if !taking.is_empty() => {
                    let chosen = rng.below(taking.len() as u64) as usize;
                    if !taking[chosen].step(&keyspace) {
                        taking.remove(chosen).finish(&keyspace);
                    }
                }
                _ => act(&keyspace, &mut rng),
            }
        }
        taking.into_iter().for_each(|one| one.finish(&keyspace));
        // Marks of those that were given up go with the next one.
        Taking::begin(&keyspace).expect("a free seat").finish(&keyspace);
        assert_settled(&keyspace);
    }
}

#[test]
fn tables_split_and_merge_meanwhile() {
    let keyspace = Keyspace::new(DATABASES);
    let few = names().len() / 50;
    for round in 0..4 {
        let mut taking = Taking::begin(&keyspace).expect("a free seat");
        for (turn, key) in names()[few..].iter().enumerate() {
            let mut keys = keyspace.keys(0, NOW);
            keys.lock_key(key);
            match round % 2 {
                0 => keys.set_int(key, round, Expiry::Clear),
                _ => drop(keys.delete(key)),
            }
            drop(keys);
            if turn % 500 == 0 {
                taking.step(&keyspace);
            }
        }
        taking.finish(&keyspace);
    }
    assert_settled(&keyspace);
}

#[test]
fn writers_go_on_meanwhile() {
    let (rounds, writers) = if cfg!(miri) { (1, 2) } else { (40, 3) };
    let (keyspace, done) = (Keyspace::new(DATABASES), AtomicBool::new(false));
    thread::scope(|scope| {
        for writer in 0..writers {
            let (keyspace, done) = (&keyspace, &done);
            scope.spawn(move || {
                let mut rng = SmallRng::new(writer);
                while !done.load(Relaxed) {
                    act(keyspace, &mut rng);
                }
            });
        }
        let readers: Vec<_> = (0..2u64)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let taking = Taking::begin(&keyspace).expect("a free seat");
                        thread::yield_now();
                        taking.finish(&keyspace);
                    }
                })
            })
            .collect();
        let failed = readers.into_iter().filter_map(|reader| reader.join().err()).count();
        done.store(true, Relaxed);
        assert_eq!(failed, 0);
    });
    Taking::begin(&keyspace).expect("a free seat").finish(&keyspace);
    assert_settled(&keyspace);
}

#[test]
fn seats_run_out_and_come_back() {
    let keyspace = Keyspace::new(1);
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    let mut all: Vec<Snapshot> = Vec::new();
    while let Some(snapshot) = Snapshot::begin(&mut keys) {
        all.push(snapshot);
    }
    assert_eq!(all.len(), epochs::SEATS);
    all.remove(3);
    assert!(Snapshot::begin(&mut keys).is_some());
}

#[test]
fn old_values_are_given_back() {
    let keyspace = Keyspace::new(1);
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    let block = |keys: &mut Keys<'_>| match keys.peek(b"k").expect("a key").into_payload() {
        Payload::Value(Value::Str(text)) => text.as_bytes().as_ptr(),
        _ => panic!("a long string"),
    };
    keys.set_string(b"k", &[b'x'; 1000], Expiry::Clear);
    let before = block(&mut keys);
    let mut snapshot = Snapshot::begin(&mut keys).expect("a seat");
    keys.set_string(b"k", &[b'y'; 1000], Expiry::Clear);
    let after = block(&mut keys);
    assert_ne!(before, after, "the snapshot has the old one");
    let mut batch = Batch::new();
    assert!(snapshot.next(&mut keys, &mut batch) && snapshot.peak_bytes() > 0);
    assert!(!snapshot.next(&mut keys, &mut batch));
    keys.set_string(b"k", &[b'z'; 1000], Expiry::Clear);
    assert_eq!(block(&mut keys), after, "nobody shares the new one");
}

#[test]
fn what_only_snapshots_need_is_counted_until_they_have_got_it() {
    let (keyspace, limits) = (Keyspace::new(1), Limits::default());
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    for key in [&b"gone"[..], b"edited", b"stays"] {
        keys.set_string(key, &[b'x'; 10_000], Expiry::Clear);
    }
    let set = keys.write_or_new::<Set>(b"set").expect("a set");
    for member in 0u32..1000 {
        assert!(set.add(&[&member.to_le_bytes()[..]; 9].concat(), &limits));
    }
    let mut snapshots: Vec<_> =
        (0..2).map(|_| Snapshot::begin(&mut keys).expect("a seat")).collect();
    assert_eq!(keyspace.held_bytes(), 0);
    assert!(keys.delete(b"gone"));
    keys.set_string(b"edited", b"now", Expiry::Clear);
    let two = 20_000..22_000;
    assert!(two.contains(&keyspace.held_bytes()), "{}", keyspace.held_bytes());
    keys.write::<Set>(b"set").expect("a set").expect("one").add(b"one more", &limits);
    assert!(two.contains(&keyspace.held_bytes()), "{}", keyspace.held_bytes());
    assert!(keys.delete(b"set"));
    assert!(two.contains(&keyspace.held_bytes()), "its old value has been captured before");
    let emptied = keys.empty(0);
    assert!(keyspace.held_bytes() > 30_000, "{}", keyspace.held_bytes());
    drop(emptied);
    for (index, snapshot) in snapshots.iter_mut().enumerate() {
        let (mut batch, mut seen) = (Batch::new(), 0);
        while snapshot.next(&mut keys, &mut batch) {
            seen += batch.len();
        }
        assert_eq!(seen, 4);
        assert_eq!(keyspace.held_bytes() == 0, index == 1, "both have everything");
    }
    let left = Snapshot::begin(&mut keys).expect("a seat");
    keys.set_string(b"k", &[b'x'; 10_000], Expiry::Clear);
    let late = Snapshot::begin(&mut keys).expect("a seat");
    assert!(keys.delete(b"k") && keyspace.held_bytes() > 10_000);
    drop((left, late));
    assert_eq!(keyspace.held_bytes(), 0, "they were given up");
}

#[test]
fn all_is_replaced_meanwhile() {
    let (keyspace, mut rng) = (Keyspace::new(DATABASES), SmallRng::new(7));
    let mut change = |keyspace: &Keyspace| (0..2000).for_each(|_| act(keyspace, &mut rng));
    change(&keyspace);
    let mut before = Taking::begin(&keyspace).expect("a seat");
    let beside = keyspace.beside();
    change(&beside);
    before.step(&keyspace);
    let (mut keys, mut others) = (keyspace.keys(0, NOW), beside.keys(0, NOW));
    keys.lock_all();
    others.lock_all();
    let (old, new) = (copy(&mut keys), copy(&mut others));
    let gone = keys.replace_all(&mut others);
    assert_eq!(gone.iter().map(|part| part.keys()).sum::<usize>(), old.len());
    assert_eq!((copy(&mut keys), copy(&mut others).len()), (new, 0));
    drop((keys, others, gone));
    drop(beside);
    let after = Taking::begin(&keyspace).expect("a seat");
    change(&keyspace);
    before.finish(&keyspace);
    after.finish(&keyspace);
    let lens = (0..DATABASES).map(|db| keyspace.len(db)).sum::<usize>();
    let mut keys = keyspace.keys(0, NOW);
    keys.lock_all();
    assert_eq!(lens, copy(&mut keys).len());
}
