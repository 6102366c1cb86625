//! Tests of sampling: what is chosen, against what would be best.

use super::*;
use crate::keys::Expiry;
use redpoll_types::rng::SmallRng;

const NOW: i64 = 4_000_000_000_000;

fn policy(order: Order, volatile: bool) -> Policy {
    Policy { order, volatile, samples: 5, pace: Pace::default() }
}

/// Puts a key that was last used so many seconds before `NOW`.
fn put(keyspace: &Keyspace, key: &str, idle: i64, expiry: Expiry) {
    let hash = keyspace.hash(key.as_bytes());
    let mut keys = keyspace.keys_one(hash, 0, NOW - 1000 * idle);
    keys.set_string(key.as_bytes(), b"v", expiry);
}

/// Evicts `count` keys and returns them, as the numbers in their names.
fn evict(keyspace: &Keyspace, policy: &Policy, count: usize) -> Vec<u64> {
    let (mut pool, mut rng) = (Pool::default(), SmallRng::new(1));
    let mut gone = Vec::new();
    while gone.len() < count {
        if keyspace.sample(policy, &mut pool, &mut rng, NOW) == 0 {
            break;
        }
        while let Some(candidate) = pool.take() {
            let mut keys = keyspace.keys_one(candidate.hash, 0, NOW);
            keys.effects.wanted = u32::MAX;
            if keys.evict(&candidate, policy).is_some() {
                let events = keys.effects.take_rare().expect("an event").events;
                let key = String::from_utf8_lossy(&events[0].key).into_owned();
                gone.push(key.parse().expect("a number"));
                break;
            }
        }
    }
    gone
}

/// How many of 10,000 keys that were put one after the other belong to the oldest fifth, if a fifth
/// goes.
fn quality(policy: &Policy, expiry: impl Fn(i64) -> Expiry) -> usize {
    let keyspace = Keyspace::new(1);
    for key in 0..10_000 {
        put(&keyspace, &key.to_string(), 10_000 - key, expiry(key));
    }
    let gone = evict(&keyspace, policy, 2_000);
    assert_eq!(gone.len(), 2_000);
    gone.iter().filter(|key| **key < 2_000).count()
}

#[test]
fn the_longest_idle_go_first() {
    let hits = quality(&policy(Order::Idle, false), |_| Expiry::Clear);
    assert!(hits > 1_550, "{hits} of 2000");
}

#[test]
fn more_samples_are_more_exact() {
    let few = quality(&Policy { samples: 1, ..policy(Order::Idle, false) }, |_| Expiry::Clear);
    let many = quality(&Policy { samples: 64, ..policy(Order::Idle, false) }, |_| Expiry::Clear);
    assert!(few < many, "{few} {many}");
    assert!(many > 1_930, "{many}");
}

#[test]
fn those_that_expire_soonest_go_first() {
    let expiry = |key| Expiry::At(NOW + 1_000_000 + 1000 * key);
    let hits = quality(&policy(Order::Expiry, true), expiry);
    assert!(hits > 1_830, "{hits} of 2000");
}

#[test]
fn few_keys_with_an_expiry_are_found_among_many() {
    let keyspace = Keyspace::new(1);
    for key in 0..20_000 {
        let expiry = if key % 100 == 0 { Expiry::At(NOW + 1_000_000) } else { Expiry::Clear };
        put(&keyspace, &key.to_string(), key % 1000, expiry);
    }
    for order in [Order::Idle, Order::Random] {
        let gone = evict(&keyspace, &policy(order, true), 60);
        assert_eq!(gone.len(), 60);
        assert!(gone.iter().all(|key| key % 100 == 0));
    }
    assert_eq!(evict(&keyspace, &policy(Order::Expiry, true), 1000).len(), 80);
    assert_eq!(evict(&keyspace, &policy(Order::Idle, true), 10).len(), 0);
    assert_eq!(keyspace.len(0), 20_000 - 200);
}

#[test]
fn what_was_used_since_stays() {
    let keyspace = Keyspace::new(1);
    put(&keyspace, "1", 100, Expiry::Clear);
    let policy = policy(Order::Idle, false);
    let (mut pool, mut rng) = (Pool::default(), SmallRng::new(1));
    assert_eq!(keyspace.sample(&policy, &mut pool, &mut rng, NOW), 1);
    put(&keyspace, "1", 0, Expiry::Clear);
    let candidate = pool.take().expect("a candidate");
    assert_eq!(keyspace.keys_one(candidate.hash, 0, NOW).evict(&candidate, &policy), None);
    assert_eq!(keyspace.len(0), 1);
}

#[test]
fn the_pool_keeps_the_best() {
    let mut pool = Pool::default();
    for rank in 0..100 {
        pool.offer(0, rank * 7 % 100, || rank);
        pool.offer(0, rank * 7 % 100, || rank);
    }
    let ranks: Vec<u64> = std::iter::from_fn(|| pool.take()).map(|best| best.rank).collect();
    assert_eq!(ranks, (84..100).rev().collect::<Vec<u64>>());
}
