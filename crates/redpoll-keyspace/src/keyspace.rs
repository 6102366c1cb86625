//! The keyspace: stripes, and the ways to lock them.

use crate::effect::Logged;
use crate::hash::KeyHash;
use crate::keys::{Guards, Keys};
use crate::lock::{Busy, Mutex, MutexGuard, unless_busy};
use crate::stripe::Stripe;
use crate::table::{Hints, Table};
use redpoll_types::value::Value;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{OnceLock, mpsc};

/// The number of stripes: enough that two of a few dozen threads rarely meet in one.
const STRIPES: usize = 256;

/// A lock and what can be known of its stripe without taking it, on cache lines of their own.
#[repr(align(128))]
struct Slot {
    stripe: Mutex<Stripe>,
    /// When something may expire next; `i64::MAX`: never. Written under the lock.
    next_due: AtomicI64,
    /// Where the buckets of database 0 lie.
    hints: Hints,
}

/// All databases.
pub struct Keyspace {
    slots: Box<[Slot]>,
    databases: usize,
    hash: KeyHash,
    /// Whether an LFU policy uses the access clock.
    lfu: AtomicBool,
    /// Counts uses under an LFU policy: what makes their dice differ.
    noise: AtomicU64,
    /// Where values that are long to free are sent.
    reclaimer: OnceLock<mpsc::Sender<Garbage>>,
    /// Takes what was logged under locks that are given back before the command ends.
    log: OnceLock<Box<LogHook>>,
    /// Values sent and not freed yet.
    lazy_pending: AtomicUsize,
    lazy_freed: AtomicUsize,
}

/// Puts commands into the change log, each by itself.
pub type LogHook = dyn Fn(&[Logged]) + Send + Sync;

/// What is freed in the background.
pub enum Garbage {
    /// A large value.
    Value(Value),
    /// A database's part of a stripe.
    Db(Box<crate::stripe::Db>),
    /// What was cut out of a large value.
    Part(Box<dyn Send>),
}

impl Keyspace {
    /// An empty keyspace of so many databases.
    pub fn new(databases: usize) -> Self {
        let slot = |_| Slot {
            stripe: Mutex::new(Stripe::new(databases)),
            next_due: AtomicI64::new(i64::MAX),
            hints: Hints::new(),
        };
        Keyspace {
            slots: (0..STRIPES).map(slot).collect(),
            databases,
            hash: KeyHash::new(),
            lfu: AtomicBool::new(false),
            noise: AtomicU64::new(0),
            reclaimer: OnceLock::new(),
            log: OnceLock::new(),
            lazy_pending: AtomicUsize::new(0),
            lazy_freed: AtomicUsize::new(0),
        }
    }

    /// The number of databases.
    pub fn databases(&self) -> usize {
        self.databases
    }

    /// The number of stripes.
    pub fn stripes(&self) -> usize {
        self.slots.len()
    }

    /// The hash of a key.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.hash.of(key)
    }

    /// The stripe that holds the keys with this hash.
    #[inline(always)]
    pub fn stripe_of(&self, hash: u64) -> usize {
        (hash >> 56) as usize & (STRIPES - 1)
    }

    /// Locks one stripe.
    #[inline]
    pub fn lock(&self, stripe: usize) -> MutexGuard<'_, Stripe> {
        self.slots[stripe].stripe.lock()
    }

    /// Locks one stripe, unless it is taken by a holder that is busy for long.
    pub fn lock_unless_busy(&self, stripe: usize) -> Result<MutexGuard<'_, Stripe>, Busy> {
        match self.slots[stripe].stripe.try_lock() {
            Some(guard) => Ok(guard),
            None => unless_busy(|| self.lock(stripe)),
        }
    }

    /// A view without any stripe locked; see [`Keys`] for how to lock.
    pub fn keys(&self, db: usize, now: i64) -> Keys<'_> {
        Keys::new(self, Guards::None, db, now)
    }

    /// A view with the stripe of one hash locked.
    #[inline]
    pub fn keys_one(&self, hash: u64, db: usize, now: i64) -> Keys<'_> {
        let stripe = self.stripe_of(hash);
        Keys::new(self, Guards::One(stripe, self.lock(stripe)), db, now)
    }

    /// As [`Keyspace::keys_one`], unless the lock is taken by a holder that is busy for long.
    #[inline]
    pub fn keys_one_unless_busy(&self, hash: u64, db: usize, now: i64) -> Result<Keys<'_>, Busy> {
        let stripe = self.stripe_of(hash);
        let guard = self.lock_unless_busy(stripe)?;
        Ok(Keys::new(self, Guards::One(stripe, guard), db, now))
    }

    /// Starts loading the bucket of a key into the processor's cache.
    #[inline]
    pub fn prefetch_bucket(&self, db: usize, hash: u64) {
        let slot = &self.slots[self.stripe_of(hash)];
        if db == 0 && slot.hints.prefetch_bucket(hash) {
            return;
        }
        if let Some(stripe) = slot.stripe.try_lock() {
            stripe.dbs[db].table.prefetch_bucket(hash);
        }
    }

    /// Keeps the hints for prefetching true after a key has been added. Called with the lock held.
    #[inline]
    pub(crate) fn publish(&self, stripe: usize, table: &Table<Value>) {
        table.publish(&self.slots[stripe].hints);
    }

    /// Starts loading the entry of a key, whose bucket is there already.
    #[inline]
    pub fn prefetch_entry(&self, db: usize, hash: u64) {
        if let Some(stripe) = self.slots[self.stripe_of(hash)].stripe.try_lock() {
            stripe.dbs[db].table.prefetch_entry(hash);
        }
    }

    /// The number of keys of a database, expired ones that are still there included. O(stripes).
    pub fn len(&self, db: usize) -> usize {
        self.slots.iter().map(|slot| slot.stripe.lock().dbs[db].table.len()).sum()
    }

    /// Whether a database has no keys.
    pub fn is_empty(&self, db: usize) -> bool {
        self.len(db) == 0
    }

    /// The number of keys of a database that have an expiry. O(stripes).
    pub fn volatile_len(&self, db: usize) -> usize {
        self.slots.iter().map(|slot| slot.stripe.lock().dbs[db].volatile).sum()
    }

    /// Bytes of all tables and wheels, without the entries. O(stripes + directories).
    pub fn overhead_bytes(&self) -> usize {
        let overhead = |slot: &Slot| -> usize {
            slot.stripe.lock().dbs.iter().map(crate::stripe::Db::overhead_bytes).sum()
        };
        self.slots.iter().map(overhead).sum()
    }

    /// Uses the access clock of the entries for an LFU policy from now on, or for LRU.
    pub fn set_lfu(&self, on: bool) {
        self.lfu.store(on, Relaxed);
    }

    /// Whether the access clock counts frequency.
    pub fn is_lfu(&self) -> bool {
        self.lfu.load(Relaxed)
    }

    pub(crate) fn noise(&self) -> u64 {
        self.noise.fetch_add(1, Relaxed)
    }

    /// When something in the stripe may expire; no lock is taken.
    pub fn next_due(&self, stripe: usize) -> i64 {
        self.slots[stripe].next_due.load(Relaxed)
    }

    /// Says that something in the stripe expires at `due`. To be called with its lock held.
    pub(crate) fn expires_at(&self, stripe: usize, due: i64) {
        let next_due = &self.slots[stripe].next_due;
        if due < next_due.load(Relaxed) {
            next_due.store(due, Relaxed);
        }
    }

    /// Removes up to `max` expired keys of one stripe; their events go to the view's effects.
    /// Returns whether there may be more. The lock is held for about 200 ns a key.
    pub fn expire(&self, stripe: usize, max: usize, keys: &mut Keys<'_>, now: i64) -> bool {
        let more = keys.expire_stripe(stripe, max, now);
        let guard = keys.stripe(stripe);
        let next = guard.dbs.iter().filter_map(crate::stripe::Db::next_due).min();
        self.slots[stripe].next_due.store(next.unwrap_or(i64::MAX), Relaxed);
        more
    }

    /// Gives the keyspace a thread to which it sends what is long to free. Without one, it frees at
    /// once.
    pub fn set_reclaimer(&self, sender: mpsc::Sender<Garbage>) {
        // A second reclaimer is refused silently: the first does its work.
        let _ = self.reclaimer.set(sender);
    }

    /// Gives the keyspace the way to the change log, for walks, which lock one stripe after the
    /// other and may come upon expired keys.
    pub fn set_log(&self, hook: Box<LogHook>) {
        // As with the reclaimer, the first one stays.
        let _ = self.log.set(hook);
    }

    pub(crate) fn log(&self, logged: &[Logged]) {
        if let Some(hook) = self.log.get() {
            hook(logged);
        }
    }

    /// To be called by the reclaimer for each thing it has freed.
    pub fn reclaimed(&self) {
        self.lazy_pending.fetch_sub(1, Relaxed);
        self.lazy_freed.fetch_add(1, Relaxed);
    }

    /// How many things wait to be freed, and how many have been.
    pub fn lazy_counts(&self) -> (usize, usize) {
        (self.lazy_pending.load(Relaxed), self.lazy_freed.load(Relaxed))
    }

    /// Sets the count of lazily freed things back to 0 (CONFIG RESETSTAT).
    pub fn reset_lazy_freed(&self) {
        self.lazy_freed.store(0, Relaxed);
    }

    /// Frees something, in the background if there is one.
    pub(crate) fn discard(&self, garbage: Garbage) {
        if let Some(reclaimer) = self.reclaimer.get() {
            self.lazy_pending.fetch_add(1, Relaxed);
            if reclaimer.send(garbage).is_err() {
                self.lazy_pending.fetch_sub(1, Relaxed);
            }
        }
    }
}
