//! The table against a plain map: every operation, growth and shrinking, scans in between.

use super::*;
use crate::entry::{NewPayload, Payload};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

type Model = HashMap<Vec<u8>, i64>;

struct Both {
    table: Table<String>,
    model: Model,
}

impl Both {
    fn new() -> Self {
        Both { table: Table::new(), model: Model::new() }
    }

    fn set(&mut self, key: &[u8], value: i64) {
        let hash = KeyHash::new().of(key);
        match self.table.find(hash, key) {
            Some(place) => {
                let mut entry = self.table.entry_mut(place);
                assert!(entry.overwrite(&NewPayload::Int(value)));
            }
            None => self.table.insert(hash, Entry::new(key, NewPayload::Int(value), None)),
        }
        self.model.insert(key.to_vec(), value);
    }

    fn remove(&mut self, key: &[u8]) {
        let place = self.table.find(KeyHash::new().of(key), key);
        assert_eq!(place.is_some(), self.model.remove(key).is_some());
        if let Some(place) = place {
            assert_eq!(self.table.remove(place).key(), key);
        }
    }

    fn check(&self) {
        assert_eq!(self.table.len(), self.model.len());
        for (key, value) in &self.model {
            let place = self.table.find(KeyHash::new().of(key), key).expect("a key of the model");
            assert!(matches!(self.table.entry(place).payload(), Payload::Int(v) if v == *value));
        }
        let keys: HashSet<&[u8]> = self.table.iter().map(|entry| entry.into_key()).collect();
        assert_eq!(keys.len(), self.model.len());
    }
}

fn key(number: usize) -> Vec<u8> {
    format!("key:{number}").into_bytes()
}

#[test]
fn grows_and_shrinks_back_to_nothing() {
    let count = if cfg!(miri) { 2_000 } else { 30_000 };
    let mut both = Both::new();
    for number in 0..count {
        both.set(&key(number), number as i64);
    }
    both.check();
    let grown = both.table.capacity();
    assert!(grown < count * 5 / 2, "{grown} slots for {count} entries");
    for number in 0..count - count / 50 {
        both.remove(&key(number));
    }
    both.check();
    assert!(both.table.capacity() <= grown / 4, "{} of {grown}", both.table.capacity());
    for number in 0..count {
        both.remove(&key(number));
    }
    assert_eq!((both.table.len(), both.table.bytes()), (0, 0));
}

#[test]
fn churn_does_not_lengthen_searches() {
    let mut both = Both::new();
    for round in 0..20_000usize {
        both.set(&key(round), 0);
        if round >= 900 {
            both.remove(&key(round - 900));
        }
    }
    both.check();
    assert!(both.table.capacity() <= 4096);
}

/// Walks a table in steps, calling `between` after each.
fn walk(both: &mut Both, mut between: impl FnMut(&mut Both, usize)) -> HashSet<Vec<u8>> {
    let mut seen = HashSet::new();
    let mut cursor = Some(Cursor::default());
    let mut steps = 0;
    while let Some(at) = cursor {
        let at = Cursor::from_bits(at.to_bits());
        cursor = both.table.scan_step(at, &mut |entry| {
            seen.insert(entry.key().to_vec());
        });
        steps += 1;
        assert!(steps < 1_000_000, "the walk ends");
        between(both, steps);
    }
    seen
}

#[test]
fn a_scan_meets_what_stays_while_the_table_grows() {
    let mut both = Both::new();
    (0..3_000).for_each(|number| both.set(&key(number), 0));
    let seen = walk(&mut both, |both, step| {
        if step < 300 {
            (0..50).for_each(|i| both.set(&key(10_000 + step * 50 + i), 0));
        }
    });
    assert!((0..3_000).all(|number| seen.contains(&key(number))));
}

#[test]
fn a_scan_meets_what_stays_while_the_table_shrinks() {
    let mut both = Both::new();
    (0..20_000).for_each(|number| both.set(&key(number), 0));
    let seen = walk(&mut both, |both, step| {
        (0..60).for_each(|i| {
            let number = 500 + step * 60 + i;
            if number < 20_000 {
                both.remove(&key(number));
            }
        });
    });
    assert!((0..500).all(|number| seen.contains(&key(number))));
}

#[test]
fn any_cursor_is_harmless() {
    let mut both = Both::new();
    (0..5_000).for_each(|number| both.set(&key(number), 0));
    for bits in (0..64).map(|shift| 0x9e37_79b9_7f4a_7c15u64 << shift).chain([u64::MAX]) {
        let mut cursor = Some(Cursor::from_bits(bits));
        let mut steps = 0;
        while let Some(at) = cursor {
            cursor = both.table.scan_step(at, &mut |_| {});
            steps += 1;
            assert!(steps < 100_000);
        }
    }
}

#[test]
fn random_entries_are_spread() {
    let mut both = Both::new();
    (0..100).for_each(|number| both.set(&key(number), 0));
    let mut state = 1u64;
    let mut below = |n: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut met = HashSet::new();
    for _ in 0..5_000 {
        met.insert(both.table.random(&mut below).expect("not empty").into_key().to_vec());
    }
    assert_eq!(met.len(), 100);
}

proptest! {
    #[test]
    fn like_a_map(
        operations in prop::collection::vec((0usize..400, any::<bool>(), any::<i64>()), 0..2000))
    {
        let mut both = Both::new();
        for (number, insert, value) in operations {
            match insert {
                true => both.set(&key(number), value),
                false => both.remove(&key(number)),
            }
        }
        both.check();
    }
}
