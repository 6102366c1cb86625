//! Whole databases: FLUSHDB, FLUSHALL, SWAPDB.

use super::*;
use crate::keyspace::Indexed;
use std::sync::Arc;

/// What has been taken out of the keyspace and is still to be freed, best without any lock.
#[derive(Default)]
pub struct Emptied {
    dbs: Vec<Arc<Db>>,
    keys: usize,
}

impl Emptied {
    /// The number of keys.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// Frees everything before it returns. O(keys).
    pub fn free(self) {
        drop(self);
    }

    /// Leaves it to the background to free what is large.
    pub fn free_later(self, keyspace: &Keyspace) {
        for db in self.dbs {
            if db.table.len() > 64 {
                let bytes = db.estimated_bytes();
                keyspace.discard(Garbage::Db(db), bytes);
            }
        }
    }
}

impl Keys<'_> {
    /// Empties a database and tells those who watch its keys or cache any. All stripes must be
    /// locked. O(stripes + watched keys + cached keys): no value is freed here. Snapshots that are
    /// being taken get what was there as a whole.
    pub fn empty(&mut self, db: usize) -> Emptied {
        let mut emptied = Emptied::default();
        for number in 0..self.keyspace.stripes() {
            let stripe = self.guards.stripe_mut(number);
            stripe.touch_db(db, None, self.now);
            for key in stripe.waited_keys(db) {
                if stripe.is_needed(db, &key) {
                    self.effects.rare().ready.push((db, key));
                }
            }
            if !stripe.dbs()[db].table.is_empty() {
                let part = stripe.take_db(db);
                emptied.keys += part.table.len();
                emptied.dbs.push(part);
                self.keyspace.note_len(number, db, 0);
            }
        }
        self.forget_all_readers();
        self.keyspace.tell_index(Indexed::Emptied(db));
        emptied
    }

    /// Puts all that another keyspace holds, which was made [`Keyspace::beside`] this one, in the
    /// place of what is here; answers what that was. Those who watch, wait for or cache keys are
    /// told. All stripes of both must be locked. O(stripes + segments + watched keys + waited keys
    /// + cached keys).
    pub fn replace_all(&mut self, other: &mut Keys<'_>) -> Vec<Emptied> {
        let databases = self.keyspace.databases();
        let emptied = (0..databases).map(|db| self.empty(db)).collect();
        for number in 0..self.keyspace.stripes() {
            for db in 0..databases {
                let came = other.guards.stripe_mut(number).db_mut(db).take();
                if came.table.is_empty() {
                    continue;
                }
                let (len, due) = (came.table.len(), came.next_due());
                let stripe = self.guards.stripe_mut(number);
                stripe.settle_db(db, came);
                stripe.touch_db(db, None, self.now);
                self.keyspace.note_len(number, db, len);
                if let Some(due) = due {
                    self.keyspace.expires_at(number, due);
                }
                if db == 0 {
                    self.keyspace.publish(number, &stripe.dbs()[0].table);
                }
                let waited = stripe.waited_keys(db).into_iter().map(|key| (db, key));
                self.effects.rare().ready.extend(waited);
            }
        }
        emptied
    }

    /// Swaps the contents of two databases; those who watch, wait for or cache keys are told. All
    /// stripes must be locked. O(stripes + watched keys + waited keys + cached keys).
    pub fn swap_databases(&mut self, one: usize, other: usize) {
        for number in 0..self.keyspace.stripes() {
            let stripe = self.guards.stripe_mut(number);
            stripe.touch_db(one, Some(other), self.now);
            stripe.touch_db(other, Some(one), self.now);
            stripe.swap_dbs(one, other);
            for db in [one, other] {
                self.keyspace.note_len(number, db, stripe.dbs()[db].table.len());
            }
        }
        self.forget_all_readers();
        self.keyspace.tell_index(Indexed::Exchanged(one, other));
        for db in [one, other] {
            for number in 0..self.keyspace.stripes() {
                let waited = self.guards.stripe_mut(number).waited_keys(db);
                self.effects.rare().ready.extend(waited.into_iter().map(|key| (db, key)));
            }
        }
    }
}
