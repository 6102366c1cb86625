//! A stripe: one lock's share of every database, with its expiries, watches, waiters and
//! readers.

pub use crate::db::Db;
use crate::readers::ReadTable;
use crate::snapshot::{Epochs, Held};
use crate::table::Table;
use crate::watch::{Change, WatchFlag};
use redpoll_types::value::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A client that waits for a key, as its owner numbers it: from 1 on, later ones higher.
pub type WaiterId = u64;

/// A database and a key, for the maps of what few keys have.
type DbKey = (u16, Box<[u8]>);

/// See the module's head.
pub struct Stripe {
    /// The databases, by their present numbers (SWAPDB swaps them).
    dbs: Vec<Db>,
    watches: HashMap<DbKey, Vec<WatchFlag>>,
    /// Queues of waiting clients, none of them empty.
    waiters: HashMap<DbKey, Queue>,
    /// The keys that clients keep in caches of their own.
    pub readers: ReadTable,
}

/// The clients that wait for a key.
#[derive(Default)]
struct Queue {
    /// In the order in which they came, which is that of their numbers.
    waiters: VecDeque<WaiterId>,
    /// How many of them also want to hear that the key is gone.
    need_key: usize,
}

/// What a database held, for snapshots.
struct HeldDb {
    db: Arc<Db>,
    held: Held,
}

impl AsRef<Table<Value>> for HeldDb {
    fn as_ref(&self) -> &Table<Value> {
        &self.db.table
    }
}

impl Stripe {
    pub(crate) fn new(databases: usize, epochs: &Arc<Epochs<Value>>) -> Self {
        let db = |number| Db::new(Table::numbered(number as u16, epochs));
        Stripe {
            dbs: (0..databases).map(db).collect(),
            watches: HashMap::new(),
            waiters: HashMap::new(),
            readers: ReadTable::default(),
        }
    }

    /// The databases, by their present numbers.
    #[inline(always)]
    pub fn dbs(&self) -> &[Db] {
        &self.dbs
    }

    /// A database, to be changed in place.
    #[inline(always)]
    pub(crate) fn db_mut(&mut self, number: usize) -> &mut Db {
        &mut self.dbs[number]
    }

    /// The database whose table has this number: SWAPDB may have moved it. At first it was at
    /// `hint`.
    pub(crate) fn db_of_table(&mut self, table: u16, hint: usize) -> &mut Db {
        let moved = || self.dbs.iter().position(|db| db.table.number() == table);
        let at = match self.dbs[hint].table.number() == table {
            true => hint,
            // It is always there.
            false => moved().unwrap_or(hint),
        };
        &mut self.dbs[at]
    }

    /// Takes out all that a database holds. Snapshots that are being taken get it as a whole. All
    /// stripes must be locked.
    pub(crate) fn take_db(&mut self, number: usize) -> Arc<Db> {
        let taken = Arc::new(self.dbs[number].take());
        taken.table.hand_over(|held| {
            let mut whole = HeldDb { db: Arc::clone(&taken), held };
            whole.held.add(taken.estimated_bytes());
            Arc::new(whole)
        });
        taken
    }

    /// Puts what another keyspace held of a database in the place of this one, which is empty. All
    /// stripes must be locked.
    pub(crate) fn settle_db(&mut self, number: usize, mut came: Db) {
        came.table.succeed(&self.dbs[number].table);
        self.dbs[number] = came;
    }

    /// Forgets everything, keys and those who watch them; answers which databases had any. For
    /// stripes that no snapshot is taken of.
    pub(crate) fn wipe(&mut self) -> Vec<usize> {
        self.watches.clear();
        let mut wiped = Vec::new();
        for (number, db) in self.dbs.iter_mut().enumerate() {
            if !db.table.is_empty() || db.next_due().is_some() {
                drop(db.take());
                wiped.push(number);
            }
        }
        wiped
    }

    /// Swaps two databases.
    pub(crate) fn swap_dbs(&mut self, one: usize, other: usize) {
        self.dbs.swap(one, other);
    }

    /// Whether any client watches, waits for or caches any key here. Most stripes at most times:
    /// no.
    #[inline(always)]
    pub(crate) fn is_observed(&self) -> bool {
        !self.watches.is_empty() | !self.waiters.is_empty() | !self.readers.is_empty()
    }

    /// Asks for `flag` to be set when the key changes.
    pub fn watch(&mut self, db: usize, key: &[u8], flag: &WatchFlag) {
        let flags = self.watches.entry((db as u16, key.into())).or_default();
        flags.push(Arc::clone(flag));
    }

    /// Takes a [`Stripe::watch`] back.
    pub fn unwatch(&mut self, db: usize, key: &[u8], flag: &WatchFlag) {
        let db_key = (db as u16, key.into());
        if let Some(flags) = self.watches.get_mut(&db_key) {
            flags.retain(|other| !Arc::ptr_eq(other, flag));
            if flags.is_empty() {
                self.watches.remove(&db_key);
            }
        }
    }

    /// Tells those who watch the key how it has changed.
    pub fn touch(&mut self, db: usize, key: &[u8], change: Change) {
        if self.watches.is_empty() {
            return;
        }
        if let Some(flags) = self.watches.get(&(db as u16, Box::from(key))) {
            flags.iter().for_each(|flag| flag.note(change));
        }
    }

    /// Tells those who watch any key of a database that is (or in `other` was) there: FLUSHDB,
    /// SWAPDB. A key that has expired is not there.
    pub fn touch_db(&mut self, db: usize, other: Option<usize>, now: i64) {
        let hash = crate::KeyHash::new();
        for ((watched, key), flags) in &self.watches {
            let exists = |db: usize| {
                let table = self.dbs.get(db).map(|db| &db.table);
                let found = table.and_then(|table| Some((table, table.find(hash.of(key), key)?)));
                found.is_some_and(|(table, place)| {
                    table.entry(place).expiry().is_none_or(|due| due > now)
                })
            };
            if *watched as usize == db && (exists(db) || other.is_some_and(exists)) {
                flags.iter().for_each(|flag| flag.note(Change::Any));
            }
        }
    }

    /// Puts a client at the end of a key's queue. Its number must be above all those that wait
    /// here: numbers are given under this lock, so that a queue is always in their order. With
    /// `needs_key` it also wants to hear that the key is gone.
    pub fn wait(&mut self, db: usize, key: &[u8], waiter: WaiterId, needs_key: bool) {
        let queue = self.waiters.entry((db as u16, key.into())).or_default();
        let last = queue.waiters.back();
        debug_assert!(last.is_none_or(|&last| last <= waiter), "a queue out of order");
        if last != Some(&waiter) {
            queue.waiters.push_back(waiter);
            queue.need_key += usize::from(needs_key);
        }
    }

    /// Takes a client out of a key's queue. O(1) for the first of the queue, O(log n) to find
    /// others.
    pub fn stop_waiting(&mut self, db: usize, key: &[u8], waiter: WaiterId, needs_key: bool) {
        let db_key = (db as u16, key.into());
        if let Some(queue) = self.waiters.get_mut(&db_key) {
            if let Ok(index) = queue.waiters.binary_search(&waiter) {
                queue.waiters.remove(index);
                queue.need_key -= usize::from(needs_key);
            }
            if queue.waiters.is_empty() {
                self.waiters.remove(&db_key);
            }
        }
    }

    /// The client that waits for a key and comes next behind `last` (0: the first). O(log n).
    pub fn next_waiter(&self, db: usize, key: &[u8], last: WaiterId) -> Option<WaiterId> {
        if self.waiters.is_empty() {
            return None;
        }
        let queue = &self.waiters.get(&(db as u16, Box::from(key)))?.waiters;
        queue.get(queue.partition_point(|&waiter| waiter <= last)).copied()
    }

    /// Whether any client that waits for a key wants to hear that it is gone.
    pub fn is_needed(&self, db: usize, key: &[u8]) -> bool {
        let queue = self.waiters.get(&(db as u16, Box::from(key)));
        queue.is_some_and(|queue| queue.need_key > 0)
    }

    /// The keys of a database that clients wait for.
    pub fn waited_keys(&self, db: usize) -> Vec<Box<[u8]>> {
        let keys = self.waiters.keys().filter(|(of, _)| *of as usize == db);
        keys.map(|(_, key)| key.clone()).collect()
    }

    /// The number of keys that are watched, and that are waited for.
    pub fn observed_counts(&self) -> (usize, usize) {
        (self.watches.len(), self.waiters.len())
    }

    /// The number of keys of which somebody wants to hear that they are gone.
    pub fn needed_keys(&self) -> usize {
        self.waiters.values().filter(|queue| queue.need_key > 0).count()
    }
}
