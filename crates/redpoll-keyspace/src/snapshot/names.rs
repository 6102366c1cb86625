//! The keys of one database at one moment, for KEYS: walked by several threads at once, and without
//! what the keys hold.

use super::{Batch, Epochs, Orphan, Reader, Wanted};
use crate::keys::Keys;
use crate::table::Walk;
use redpoll_types::value::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// See the module's head.
pub struct Names {
    epochs: Arc<Epochs<Value>>,
    reader: Reader,
    /// The number of the database at that moment, and that of its table.
    db: usize,
    table: u16,
    len: usize,
}

/// How far a stripe has been walked.
#[derive(Clone, Copy, Default)]
pub struct Walked(Walk);

impl Walked {
    /// Whether all of it has been.
    pub fn is_over(self) -> bool {
        self.0.is_over()
    }
}

impl Names {
    /// Those of this moment in the database at hand; all stripes must be locked. `None`: so many
    /// snapshots are being taken that there is no room for another one.
    pub fn begin(keys: &mut Keys<'_>) -> Option<Self> {
        assert!(keys.holds_all(), "a snapshot begins with all stripes locked");
        let (keyspace, db) = (keys.keyspace(), keys.db());
        let mut numbers = vec![0; keyspace.databases()].into_boxed_slice();
        for (number, db) in keys.held_stripe(0).dbs().iter().enumerate() {
            numbers[usize::from(db.table.number())] = number as u16;
        }
        let table = keys.held_stripe(0).dbs()[db].table.number();
        let epochs = Arc::clone(keyspace.epochs());
        let reader = epochs.begin(Wanted::KeysOf(table), numbers)?;
        Some(Names { epochs, reader, db, table, len: keyspace.len(db) })
    }

    /// The number of keys, expired ones that were still there included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds about `most` keys of a stripe to the batch, from where the walk stands. The stripe is
    /// locked for this alone. Each stripe is to be walked to its end by one thread.
    pub fn step(
        &self,
        keys: &mut Keys<'_>,
        stripe: usize,
        walked: &mut Walked,
        most: usize,
        batch: &mut Batch<Value>,
    ) {
        let part = keys.stripe(stripe).db_of_table(self.table, self.db);
        part.table.capture_step(self.reader, &mut walked.0, most, self.db as u16, batch);
        keys.unlock_walk();
    }

    /// Calls `show` for the batches that those have captured who have changed keys meanwhile. To be
    /// called when all stripes have been walked.
    pub fn captured(&self, mut show: impl FnMut(&Batch<Value>)) {
        let (mut batches, mut orphans) = (VecDeque::new(), VecDeque::new());
        self.epochs.take(self.reader, &mut batches, &mut orphans);
        batches.iter().for_each(&mut show);
        orphans.iter().for_each(|orphan| self.orphan(orphan, &mut show));
    }

    /// What is needed of a table that was taken out of the keyspace.
    fn orphan(&self, orphan: &Orphan<Value>, show: &mut impl FnMut(&Batch<Value>)) {
        let table = (**orphan).as_ref();
        if table.number() != self.table {
            return;
        }
        let (mut walk, mut batch) = (Walk::default(), Batch::of_keys());
        while !walk.is_over() {
            table.look_step(self.reader, &mut walk, 1024, &mut |entry| {
                batch.push(self.db as u16, entry);
            });
            show(&batch);
            batch.clear();
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.epochs.end(self.reader, false);
    }
}
