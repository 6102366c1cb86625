//! Which key goes when memory is short: samples of the keyspace, and a pool of the best candidates
//! of all samples so far.
//!
//! Nothing here keeps keys in order: no list is moved by every access. A sample looks at whole
//! buckets of a random stripe's table: up to eight entries cost one miss for the bucket and
//! overlapping ones for the entries. Each thread that evicts has a pool of its own. A candidate is
//! a hash and what the key was worth; before it goes it is looked at again, so that a key which was
//! used since stays.
//!
//! Keys with an expiry are found in the same way while they are many; while they are few, through
//! the notes of the timing wheel, and those that expire soonest always so.

use crate::access::{Pace, frequency, idle_seconds};
use crate::db::Db;
use crate::entry::EntryRef;
use crate::keyspace::Keyspace;
use redpoll_types::rng::Rng;
use redpoll_types::value::Value;

/// By what keys are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one that has been idle for longest (LRU), or unchanged (LRM): what the clock says.
    Idle,
    /// The one that is used least (LFU).
    Frequency,
    /// The one that expires soonest.
    Expiry,
    /// Any.
    Random,
}

/// A policy of eviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// By what keys are chosen.
    pub order: Order,
    /// Only keys with an expiry are.
    pub volatile: bool,
    /// Keys to look at for one that goes.
    pub samples: usize,
    /// How fast counters of uses decay.
    pub pace: Pace,
}

/// A key that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The key's hash.
    pub hash: u64,
    /// Its database.
    pub db: usize,
    /// The higher, the sooner it goes.
    pub rank: u64,
}

impl Policy {
    /// How soon an entry should go: the higher, the sooner. `None`: never.
    pub(crate) fn rank(&self, entry: &EntryRef<'_, Value>, now: i64) -> Option<u64> {
        if self.volatile && entry.expiry().is_none() {
            return None;
        }
        Some(match self.order {
            Order::Idle => idle_seconds(entry.access(), now),
            Order::Frequency => u64::from(255 - frequency(entry.access(), now, self.pace)),
            Order::Expiry => u64::MAX - entry.expiry().unwrap_or(i64::MAX).max(0) as u64,
            Order::Random => 0,
        })
    }
}

/// The best candidates of the samples so far, the best last.
#[derive(Debug, Default)]
pub struct Pool {
    best: Vec<Candidate>,
}

/// Candidates that are kept from one sample to the next: as many as Redis keeps.
const POOL: usize = 16;
/// Notes of a stripe's timing wheel that are looked at for those which are due first.
const NOTES: usize = 128;

impl Pool {
    /// Forgets all candidates: the policy has changed.
    pub fn clear(&mut self) {
        self.best.clear();
    }

    /// Takes the best candidate.
    pub fn take(&mut self) -> Option<Candidate> {
        self.best.pop()
    }

    /// Considers a key; its hash is asked for only if it is good enough.
    fn offer(&mut self, db: usize, rank: u64, hash: impl FnOnce() -> u64) {
        let full = self.best.len() >= POOL;
        if full && self.best.first().is_some_and(|worst| worst.rank >= rank) {
            return;
        }
        let new = Candidate { hash: hash(), db, rank };
        if let Some(old) = self.best.iter().position(|old| old.hash == new.hash && old.db == db) {
            self.best.remove(old);
        } else if full {
            self.best.remove(0);
        }
        let place = self.best.partition_point(|other| other.rank < rank);
        self.best.insert(place, new);
    }
}

/// A sample on its way: what it asks for, and what it has found.
struct Sample<'a> {
    policy: &'a Policy,
    now: i64,
    pool: &'a mut Pool,
    found: usize,
    /// Keys to find.
    wanted: usize,
}

impl Keyspace {
    /// Looks at keys of random stripes and offers them to the pool, until as many have been found
    /// as the policy asks for, or every stripe has been looked at. Returns how many were found; 0
    /// means that there is nothing to evict. No stripe may be locked by the caller; each is locked
    /// for about a microsecond.
    pub fn sample(&self, policy: &Policy, pool: &mut Pool, rng: &mut impl Rng, now: i64) -> usize {
        let wanted = policy.samples.max(1);
        let mut sample = Sample { policy, now, pool, found: 0, wanted };
        let stripes = self.stripes() as u64;
        let first = rng.below(stripes);
        // An odd step meets each of a power of two stripes once.
        let step = rng.below(stripes) | 1;
        for turn in 0..stripes {
            let stripe = self.lock(((first + turn * step) % stripes) as usize);
            let dbs = stripe.dbs().iter().enumerate().filter(|(_, db)| !db.table.is_empty());
            for (number, db) in dbs {
                if policy.volatile && db.volatile == 0 {
                    continue;
                }
                sample.look(number, db, self, rng);
            }
            if sample.found >= sample.wanted {
                break;
            }
        }
        sample.found
    }
}

impl Sample<'_> {
    fn look(&mut self, number: usize, db: &Db, keyspace: &Keyspace, rng: &mut impl Rng) {
        match self.policy.order {
            Order::Expiry => {
                let mut notes = 0;
                db.soonest(&mut |entry, hash| {
                    self.offer(number, &entry, || hash);
                    notes += 1;
                    notes < NOTES
                });
            }
            // Where few have an expiry, a walk of the table finds them too rarely.
            _ if self.policy.volatile && db.volatile * 4 < db.table.len() => {
                // Twice as many in all, as whole buckets bring elsewhere, from two stripes.
                self.wanted = 2 * self.policy.samples.max(1);
                db.some_volatile(self.policy.samples, rng, &mut |entry, hash| {
                    self.offer(number, &entry, || hash);
                });
            }
            _ => {
                // Buckets are two thirds full in the mean; more of what is looked at costs little.
                let buckets = self.policy.samples.div_ceil(4).clamp(1, 16);
                let seed = rng.next_u64();
                db.table.sample(seed, buckets, &mut |entry| {
                    self.offer(number, &entry, || keyspace.hash(entry.key()));
                });
            }
        }
    }

    fn offer(&mut self, db: usize, entry: &EntryRef<'_, Value>, hash: impl FnOnce() -> u64) {
        if let Some(rank) = self.policy.rank(entry, self.now) {
            self.found += 1;
            // Among equals chance decides, and not the order of looking.
            self.pool.offer(db, rank, hash);
        }
    }
}

#[cfg(test)]
mod tests;
