//! Snapshots: all databases at one moment, while everybody goes on writing.
//!
//! A snapshot begins with all stripes locked, but only for the moment in which it gets its epoch, a
//! number: nothing is walked; so whoever begins one may note where the change log is, and gives the
//! locks back. From then on every entry that was there is *needed* by it, until it has been
//! captured, by one of two:
//!
//! - a **writer** that is about to change the entry captures it first, as a pre-image;
//! - the **reader**, who walks all tables, a hundred entries under a lock at a time.
//!
//! To capture is to copy keys and short strings and to share large values, whose chunks are copied
//! by whoever changes them. What has been captured is in the reader's hands and costs nobody's lock
//! any more. The reader takes pre-images first, so that few of them wait, and the old values that
//! they keep are given back soon. A writer captures the one entry that it changes, and not the
//! segment or the bucket around it: fifty thousand writes a second would capture a million keys
//! within a third of a second by segments, and in a few seconds by buckets, faster than they can be
//! written; and all of them would wait in memory.
//!
//! Several snapshots may be taken at once, each from its own moment on. Who needs an entry is known
//! beside it (`table::needs`), and a pre-image goes to all of them.
//!
//! A table is known to snapshots by a number of its own, which it keeps when SWAPDB gives its
//! database another one. What FLUSHALL takes out goes to the snapshots as a whole.
//!
//! A reader gives its processor away now and then, always just before it takes a lock
//! ([`courtesy`]): to lose it while holding one would keep everybody waiting who wants the stripe,
//! until the system gives it back.
//!
//! Invariants: what a snapshot needs is changed nowhere but behind `Table::preserve`; nobody waits
//! for a reader, however slow it is; a reader never holds more than one stripe, unless its caller
//! holds all.

mod batch;
mod epochs;
mod held;
mod names;
#[cfg(test)]
mod tests;

use crate::courtesy;
use crate::entry::Payload;
use crate::keys::Keys;
use crate::table::Walk;
pub use batch::{Batch, Captured};
pub(crate) use epochs::{Epochs, Live, Orphan, Reader, Wanted};
pub(crate) use held::{Fate, Held};
pub use names::{Names, Walked};
use redpoll_types::value::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// About how many entries a reader captures, or looks at, under one lock.
const STEP: usize = 128;

/// See the module's head.
pub struct Snapshot {
    epochs: Arc<Epochs<Value>>,
    reader: Reader,
    /// The number of each table's database.
    numbers: Box<[u16]>,
    databases: Vec<Database>,
    place: Place,
    captured: VecDeque<Batch<Value>>,
    orphans: VecDeque<Orphan<Value>>,
    /// Where the walk through the first of them stands.
    orphan_walk: Walk,
    peak: usize,
    complete: bool,
}

/// What a database held at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its number.
    pub number: usize,
    /// Its keys, expired ones that were still there included.
    pub keys: usize,
    /// How many of them expire.
    pub volatile: usize,
    table: u16,
}

/// Where a walk through all databases stands.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The index in `databases`.
    database: usize,
    stripe: usize,
    walk: Walk,
}

impl Place {
    /// Goes on with the next table, if this one is done.
    fn pass(&mut self, stripes: usize) {
        if self.walk.is_over() {
            *self = Place { stripe: self.stripe + 1, walk: Walk::default(), ..*self };
        }
        if self.stripe == stripes {
            *self = Place { database: self.database + 1, ..Place::default() };
        }
    }
}

impl Snapshot {
    /// Begins a snapshot of this moment; all stripes must be locked. `None`: so many are being
    /// taken that there is no room for another one. O(stripes).
    pub fn begin(keys: &mut Keys<'_>) -> Option<Self> {
        assert!(keys.holds_all(), "a snapshot begins with all stripes locked");
        let keyspace = keys.keyspace();
        let mut numbers = vec![0; keyspace.databases()].into_boxed_slice();
        for (number, db) in keys.held_stripe(0).dbs().iter().enumerate() {
            numbers[usize::from(db.table.number())] = number as u16;
        }
        let mut databases = Vec::new();
        // What is told without locks is exact with all of them.
        debug_assert!((0..keyspace.databases()).all(|number| {
            let stripes = 0..keyspace.stripes();
            let len = stripes.map(|it| keys.held_stripe(it).dbs()[number].table.len());
            len.sum::<usize>() == keyspace.len(number)
        }));
        for number in (0..keyspace.databases()).filter(|&number| !keyspace.is_empty(number)) {
            let table = keys.held_stripe(0).dbs()[number].table.number();
            let mut database = Database { number, keys: 0, volatile: 0, table };
            for stripe in 0..keyspace.stripes() {
                let db = &keys.held_stripe(stripe).dbs()[number];
                database.keys += db.table.len();
                database.volatile += db.volatile;
            }
            databases.push(database);
        }
        let epochs = Arc::clone(keyspace.epochs());
        let reader = epochs.begin(Wanted::All, numbers.clone())?;
        Some(Snapshot {
            epochs,
            reader,
            numbers,
            databases,
            place: Place::default(),
            captured: VecDeque::new(),
            orphans: VecDeque::new(),
            orphan_walk: Walk::default(),
            peak: 0,
            complete: false,
        })
    }

    /// The databases that were not empty, in ascending order.
    pub fn databases(&self) -> &[Database] {
        &self.databases
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.databases.iter().map(|database| database.keys).sum()
    }

    /// Whether there were no keys.
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty()
    }

    /// The most bytes of pre-images that ever waited at once.
    pub fn peak_bytes(&self) -> usize {
        self.peak
    }

    /// Fills `batch` with entries that have not come yet, in no order that means anything. False:
    /// all have come. `keys` locks one stripe for it at a time, or none if it holds all.
    pub fn next(&mut self, keys: &mut Keys<'_>, batch: &mut Batch<Value>) -> bool {
        batch.clear();
        loop {
            // Asked first: what writers capture comes before the walk's end.
            let walked = self.place.database == self.databases.len();
            if self.captured.is_empty() {
                self.take();
            }
            if let Some(captured) = self.captured.pop_front() {
                *batch = captured;
                return true;
            }
            if !self.orphans.is_empty() {
                self.step_orphan(batch);
            } else if !walked {
                self.step(keys, batch);
            } else {
                self.complete = true;
                return false;
            }
            if !batch.is_empty() {
                return true;
            }
        }
    }

    /// Takes over what writers have captured.
    fn take(&mut self) {
        let peak = self.epochs.take(self.reader, &mut self.captured, &mut self.orphans);
        self.peak = self.peak.max(peak);
    }

    fn step(&mut self, keys: &mut Keys<'_>, batch: &mut Batch<Value>) {
        let stripes = keys.keyspace().stripes();
        let Place { database, stripe, walk } = &mut self.place;
        let Database { number, table, .. } = self.databases[*database];
        if !keys.holds_all() {
            courtesy::show();
        }
        let db = keys.stripe(*stripe).db_of_table(table, number);
        db.table.capture_step(self.reader, walk, STEP, number as u16, batch);
        keys.unlock_walk();
        self.place.pass(stripes);
    }

    fn step_orphan(&mut self, batch: &mut Batch<Value>) {
        let Some(orphan) = self.orphans.front() else { return };
        let table = (**orphan).as_ref();
        let db = self.numbers[usize::from(table.number())];
        table.look_step(self.reader, &mut self.orphan_walk, STEP, &mut |entry| {
            batch.push(db, entry);
        });
        if self.orphan_walk.is_over() {
            self.orphan_walk = Walk::default();
            self.orphans.pop_front();
        }
    }

    /// Whether `look` answers true of any value, before all of them come. It is asked about hashes
    /// and streams only, as their form in a file may depend on what they hold. Where there are
    /// none, this costs nothing; else about 50 ns a key.
    pub fn any(&mut self, keys: &mut Keys<'_>, look: impl Fn(&Value) -> bool) -> bool {
        let ask = |payload: Payload<'_, Value>| match payload {
            Payload::Value(value @ (Value::Hash(_) | Value::Stream(_))) => look(value),
            _ => false,
        };
        self.any_in_place(keys, &ask) || self.any_captured(&ask)
    }

    fn any_in_place(
        &mut self,
        keys: &mut Keys<'_>,
        ask: &impl Fn(Payload<'_, Value>) -> bool,
    ) -> bool {
        let stripes = keys.keyspace().stripes();
        let (mut place, mut found) = (Place::default(), false);
        while let Some(&Database { number, table, .. }) = self.databases.get(place.database) {
            if !keys.holds_all() {
                courtesy::show();
            }
            let db = keys.stripe(place.stripe).db_of_table(table, number);
            if db.is_plain() {
                place.walk = Walk::END;
            } else {
                db.table.look_step(self.reader, &mut place.walk, STEP, &mut |entry| {
                    found |= ask(entry.payload());
                });
            }
            keys.unlock_walk();
            place.pass(stripes);
            if found {
                return true;
            }
        }
        false
    }

    fn any_captured(&mut self, ask: &impl Fn(Payload<'_, Value>) -> bool) -> bool {
        self.take();
        let mut found = false;
        for batch in &self.captured {
            batch.each(|captured| {
                found |= ask(captured.payload);
                !found
            });
        }
        for orphan in &self.orphans {
            let mut walk = Walk::default();
            while !walk.is_over() && !found {
                let table = (**orphan).as_ref();
                table.look_step(self.reader, &mut walk, STEP, &mut |entry| {
                    found |= ask(entry.payload());
                });
            }
        }
        found
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.epochs.end(self.reader, self.complete);
    }
}
