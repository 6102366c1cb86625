//! The keyspace: stripes, and the ways to lock them.

use crate::access::{Clock, Pace};
use crate::effect::Logged;
use crate::hash::KeyHash;
use crate::keys::{Guards, Keys, SIZE_SAMPLES};
use crate::lens::Lens;
use crate::lock::{Busy, Mutex, MutexGuard, unless_busy};
use crate::log::LogSwitch;
use crate::readers::Added;
use crate::snapshot::{Epochs, Fate};
use crate::stripe::Stripe;
use crate::table::{Hints, Table};
use crate::tiering::{Hits, Tiering};
use redpoll_types::hash::Hash;
use redpoll_types::value::Value;
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed,
};
use std::sync::{Arc, OnceLock, mpsc};

/// The number of stripes: enough that two of a few dozen threads rarely meet in one.
const STRIPES: usize = 256;
/// Keys of a stripe from which on entries are asked for ahead: of fewer, all stripes together fit
/// into a cache, and asking takes a lock.
const PREFETCH_FROM: usize = 64;

/// A lock and what can be known of its stripe without taking it, on cache lines of their own.
#[repr(align(128))]
struct Slot {
    stripe: Mutex<Stripe>,
    /// When something may expire next; `i64::MAX`: never. Written under the lock.
    next_due: AtomicI64,
    /// Where the buckets of database 0 lie.
    hints: Hints,
    /// Uses of values by tier. Written under the lock.
    hits: Hits,
}

/// All databases.
pub struct Keyspace {
    slots: Box<[Slot]>,
    databases: usize,
    /// How many keys each stripe holds.
    lens: Lens,
    hash: KeyHash,
    /// The snapshots that are being taken.
    epochs: Arc<Epochs<Value>>,
    /// Whether expired keys are left to a primary.
    passive: AtomicBool,
    unlinks_expired: AtomicBool,
    unlinks_evicted: AtomicBool,
    /// What moves the access clocks: a [`Clock`].
    clock: AtomicU8,
    /// How fast the counter of uses grows and decays.
    log_factor: AtomicU32,
    decay_minutes: AtomicU32,
    /// Counts uses under an LFU policy: what makes their dice differ.
    noise: AtomicU64,
    /// What is noted of uses for the tiers of memory.
    tiering: Tiering,
    /// Keys that clients keep in caches of their own, and clients that do, summed over the keys.
    read_keys: AtomicUsize,
    read_items: AtomicUsize,
    /// Where values that are long to free are sent.
    reclaimer: OnceLock<mpsc::Sender<(Garbage, usize)>>,
    /// Whether changes are logged.
    log_switch: Arc<LogSwitch>,
    /// Takes what was logged under locks that are given back before the command ends.
    log: OnceLock<Box<LogHook>>,
    /// Is told of hashes that change.
    index: OnceLock<Box<IndexHook>>,
    /// Whether it wants to be.
    indexed: AtomicBool,
    /// Values sent and not freed yet.
    lazy_pending: AtomicUsize,
    /// About how many bytes they hold.
    lazy_bytes: AtomicUsize,
    lazy_freed: AtomicUsize,
}

/// Puts commands into the change log, each by itself.
pub type LogHook = dyn Fn(&[Logged]) + Send + Sync;

/// Is told what happens in database 0, and of whole databases, while the stripes concerned are
/// locked: an index of hashes.
pub type IndexHook = dyn Fn(&Keyspace, Indexed<'_>) + Send + Sync;

/// What an index of hashes is told.
pub enum Indexed<'a> {
    /// What a key holds now: a hash, or nothing of interest. The time is that of the change.
    Key(&'a [u8], Option<&'a Hash>, i64),
    /// There are no keys any more in this database. Told whether changes of keys are or not.
    Emptied(usize),
    /// These databases have changed places. Told likewise.
    Exchanged(usize, usize),
}

/// What is freed in the background.
pub enum Garbage {
    /// A large value.
    Value(Value),
    /// A database's part of a stripe.
    Db(Arc<crate::stripe::Db>),
    /// What was cut out of a large value.
    Part(Box<dyn Send>),
}

impl Garbage {
    /// Roughly how many allocations it takes to free it.
    pub fn effort(&self) -> usize {
        match self {
            Garbage::Value(value) => value.free_effort(),
            Garbage::Db(db) => db.table.len(),
            Garbage::Part(_) => 0,
        }
    }
}

/// How many bytes of a value are there for snapshots alone when this has become of it. Of a
/// collection that is edited only what is edited is copied.
fn weigh(value: &Value, fate: Fate) -> usize {
    match (fate, value) {
        (Fate::Removed, _) | (Fate::Edited, Value::Str(_)) => value.memory_usage(SIZE_SAMPLES),
        (Fate::Edited | Fate::Moved, _) => 0,
    }
}

impl Keyspace {
    /// An empty keyspace of so many databases.
    pub fn new(databases: usize) -> Self {
        let epochs = Arc::new(Epochs::new(weigh));
        let slot = |_| Slot {
            stripe: Mutex::new(Stripe::new(databases, &epochs)),
            next_due: AtomicI64::new(i64::MAX),
            hints: Hints::new(),
            hits: Hits::default(),
        };
        Keyspace {
            slots: (0..STRIPES).map(slot).collect(),
            databases,
            lens: Lens::new(STRIPES, databases),
            hash: KeyHash::new(),
            epochs,
            passive: AtomicBool::new(false),
            unlinks_expired: AtomicBool::new(false),
            unlinks_evicted: AtomicBool::new(false),
            clock: AtomicU8::new(Clock::Reads as u8),
            log_factor: AtomicU32::new(Pace::default().log_factor),
            decay_minutes: AtomicU32::new(Pace::default().decay_minutes),
            noise: AtomicU64::new(0),
            tiering: Tiering::default(),
            read_keys: AtomicUsize::new(0),
            read_items: AtomicUsize::new(0),
            reclaimer: OnceLock::new(),
            log_switch: Arc::default(),
            log: OnceLock::new(),
            index: OnceLock::new(),
            indexed: AtomicBool::new(false),
            lazy_pending: AtomicUsize::new(0),
            lazy_bytes: AtomicUsize::new(0),
            lazy_freed: AtomicUsize::new(0),
        }
    }

    /// An empty keyspace beside this one, to be filled and then to take its place
    /// ([`Keys::replace_all`]). Nobody hears of what happens in it.
    pub fn beside(&self) -> Keyspace {
        let other = Keyspace::new(self.databases);
        other.clock.store(self.clock.load(Relaxed), Relaxed);
        other.log_factor.store(self.log_factor.load(Relaxed), Relaxed);
        other.decay_minutes.store(self.decay_minutes.load(Relaxed), Relaxed);
        other.passive.store(self.passive.load(Relaxed), Relaxed);
        other
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

    /// The snapshots that are being taken.
    pub(crate) fn epochs(&self) -> &Arc<Epochs<Value>> {
        &self.epochs
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
    #[inline]
    pub fn keys(&self, db: usize, now: i64) -> Keys<'_> {
        Keys::new(self, Guards::None, db, now)
    }

    /// A view with the stripe of one hash locked.
    #[inline]
    pub fn keys_one(&self, hash: u64, db: usize, now: i64) -> Keys<'_> {
        let stripe = self.stripe_of(hash);
        Keys::new(self, Guards::One(stripe, self.lock(stripe)), db, now)
    }

    /// Starts loading the bucket of a key into the processor's cache.
    #[inline]
    pub fn prefetch_bucket(&self, db: usize, hash: u64) {
        let slot = &self.slots[self.stripe_of(hash)];
        if db == 0 && slot.hints.prefetch_bucket(hash) {
            return;
        }
        if let Some(stripe) = slot.stripe.try_lock() {
            stripe.dbs()[db].table.prefetch_bucket(hash);
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
        let stripe = self.stripe_of(hash);
        if self.lens.at(stripe, db) < PREFETCH_FROM {
            return;
        }
        if let Some(stripe) = self.slots[stripe].stripe.try_lock() {
            stripe.dbs()[db].table.prefetch_entry(hash);
        }
    }

    /// The number of keys of a database, expired ones that are still there included. O(stripes),
    /// without a lock: not one moment.
    pub fn len(&self, db: usize) -> usize {
        self.lens.of(db).sum()
    }

    /// The numbers of keys that each stripe holds of a database, as [`Keyspace::len`] knows them.
    pub fn lens(&self, db: usize) -> impl Iterator<Item = usize> + Clone {
        self.lens.of(db)
    }

    /// Notes that a stripe, which is locked, has got or lost keys of a database.
    #[inline]
    pub(crate) fn note_len(&self, stripe: usize, db: usize, len: usize) {
        self.lens.note(stripe, db, len);
    }

    /// Whether a database has no keys.
    pub fn is_empty(&self, db: usize) -> bool {
        self.len(db) == 0
    }

    /// The number of keys of a database that have an expiry. O(stripes).
    pub fn volatile_len(&self, db: usize) -> usize {
        self.slots.iter().map(|slot| slot.stripe.lock().dbs()[db].volatile).sum()
    }

    /// Bytes of all tables and wheels, without the entries. O(stripes + directories).
    pub fn overhead_bytes(&self) -> usize {
        let overhead = |slot: &Slot| -> usize {
            slot.stripe.lock().dbs().iter().map(crate::stripe::Db::overhead_bytes).sum()
        };
        self.slots.iter().map(overhead).sum()
    }

    /// Says what moves the access clocks from now on.
    pub fn set_clock(&self, clock: Clock, pace: Pace) {
        self.clock.store(clock as u8, Relaxed);
        self.log_factor.store(pace.log_factor, Relaxed);
        self.decay_minutes.store(pace.decay_minutes, Relaxed);
    }

    /// What moves the access clocks.
    #[inline(always)]
    pub fn clock(&self) -> Clock {
        match self.clock.load(Relaxed) {
            clock if clock == Clock::Uses as u8 => Clock::Uses,
            clock if clock == Clock::Writes as u8 => Clock::Writes,
            _ => Clock::Reads,
        }
    }

    /// How fast the counter of uses grows and decays.
    pub fn pace(&self) -> Pace {
        let (log_factor, decay_minutes) = (&self.log_factor, &self.decay_minutes);
        Pace { log_factor: log_factor.load(Relaxed), decay_minutes: decay_minutes.load(Relaxed) }
    }

    pub(crate) fn remembered_reader(&self, added: Added) {
        self.read_keys.fetch_add(usize::from(added.key), Relaxed);
        self.read_items.fetch_add(usize::from(added.reader), Relaxed);
    }

    pub(crate) fn forgot_readers(&self, keys: usize, items: usize) {
        self.read_keys.fetch_sub(keys, Relaxed);
        self.read_items.fetch_sub(items, Relaxed);
    }

    /// With all stripes locked.
    pub(crate) fn forgot_all_readers(&self) {
        self.read_keys.store(0, Relaxed);
        self.read_items.store(0, Relaxed);
    }

    /// How many keys clients keep in caches of their own, and how many clients do, summed over the
    /// keys.
    pub fn read_counts(&self) -> (usize, usize) {
        (self.read_keys.load(Relaxed), self.read_items.load(Relaxed))
    }

    /// Leaves expired keys where they are from now on, for a primary to remove; nobody sees them.
    /// Or removes them again.
    pub fn set_passive(&self, on: bool) {
        self.passive.store(on, Relaxed);
    }

    /// Whether expired keys are left to a primary.
    pub fn is_passive(&self) -> bool {
        self.passive.load(Relaxed)
    }

    /// Whether the change log says UNLINK, and not DEL, of keys that expire and that are evicted.
    pub fn set_unlinks(&self, expired: bool, evicted: bool) {
        self.unlinks_expired.store(expired, Relaxed);
        self.unlinks_evicted.store(evicted, Relaxed);
    }

    pub(crate) fn unlinks_expired(&self) -> bool {
        self.unlinks_expired.load(Relaxed)
    }

    pub(crate) fn unlinks_evicted(&self) -> bool {
        self.unlinks_evicted.load(Relaxed)
    }

    /// What is noted of uses for the tiers of memory.
    #[inline(always)]
    pub fn tiering(&self) -> &Tiering {
        &self.tiering
    }

    /// The uses of a stripe's values by tier.
    pub(crate) fn hits(&self, stripe: usize) -> &Hits {
        &self.slots[stripe].hits
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
        let next = guard.dbs().iter().filter_map(crate::stripe::Db::next_due).min();
        self.slots[stripe].next_due.store(next.unwrap_or(i64::MAX), Relaxed);
        more
    }

    /// Gives the keyspace a thread to which it sends what is long to free, with its size. Without
    /// one, it frees at once.
    pub fn set_reclaimer(&self, sender: mpsc::Sender<(Garbage, usize)>) {
        // A second reclaimer is refused silently: the first does its work.
        let _ = self.reclaimer.set(sender);
    }

    /// Gives the keyspace the way to the change log, for walks, which lock one stripe after the
    /// other and may come upon expired keys.
    pub fn set_log(&self, hook: Box<LogHook>) {
        // As with the reclaimer, the first one stays.
        let _ = self.log.set(hook);
    }

    /// What turns the logging of changes on and off, for the change log.
    pub fn log_switch(&self) -> &Arc<LogSwitch> {
        &self.log_switch
    }

    /// Whether changes are logged; see [`Keys::is_logging`] for when to ask.
    #[inline(always)]
    pub fn is_logging(&self) -> bool {
        self.log_switch.is_on()
    }

    /// Gives the keyspace an index of hashes, which is told nothing before it wants to be.
    pub fn set_index(&self, hook: Box<IndexHook>) {
        // As with the reclaimer, the first one stays.
        let _ = self.index.set(hook);
    }

    /// Says whether the index wants to be told from now on. What happens in a stripe that is locked
    /// meanwhile may be told or not.
    pub fn set_indexed(&self, on: bool) {
        self.indexed.store(on, Relaxed);
    }

    /// Whether the index wants to be told.
    #[inline(always)]
    pub fn is_indexed(&self) -> bool {
        self.indexed.load(Relaxed)
    }

    /// Tells the index what has happened.
    pub(crate) fn tell_index(&self, what: Indexed<'_>) {
        if let Some(hook) = self.index.get() {
            hook(self, what);
        }
    }

    /// The way to the change log. A keyspace beside the one that clients see has none.
    pub(crate) fn log(&self) -> Option<&LogHook> {
        self.log.get().map(|hook| &**hook)
    }

    /// To be called by the reclaimer for each thing of this size it has freed.
    pub fn reclaimed(&self, bytes: usize) {
        self.lazy_pending.fetch_sub(1, Relaxed);
        self.lazy_bytes.fetch_sub(bytes, Relaxed);
        self.lazy_freed.fetch_add(1, Relaxed);
    }

    /// How many things wait to be freed, and how many have been.
    pub fn lazy_counts(&self) -> (usize, usize) {
        (self.lazy_pending.load(Relaxed), self.lazy_freed.load(Relaxed))
    }

    /// About how many bytes wait to be freed: they are as good as free.
    pub fn lazy_bytes(&self) -> usize {
        self.lazy_bytes.load(Relaxed)
    }

    /// About how many bytes are there only until the snapshots that are being taken have got them.
    pub fn held_bytes(&self) -> usize {
        self.epochs.held_bytes()
    }

    /// Sets the count of lazily freed things back to 0 (CONFIG RESETSTAT).
    pub fn reset_lazy_freed(&self) {
        self.lazy_freed.store(0, Relaxed);
    }

    /// Frees something of about this size, in the background if there is one.
    pub(crate) fn discard(&self, garbage: Garbage, bytes: usize) {
        if let Some(reclaimer) = self.reclaimer.get() {
            self.lazy_pending.fetch_add(1, Relaxed);
            self.lazy_bytes.fetch_add(bytes, Relaxed);
            if reclaimer.send((garbage, bytes)).is_err() {
                self.lazy_pending.fetch_sub(1, Relaxed);
                self.lazy_bytes.fetch_sub(bytes, Relaxed);
            }
        }
    }
}
