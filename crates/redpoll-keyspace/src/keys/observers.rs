//! Those who are told when a key changes: by WATCH, in a blocking command, with a cache of their
//! own.

use super::*;
use crate::effect::{BROADCAST, Changed, WRITE_CLOCK};
use crate::keyspace::Indexed;
use crate::readers::{ReaderId, Stale};
use crate::watch::Change;
use redpoll_types::hash::Hash;

impl Keys<'_> {
    /// Tells those who watch, wait for or cache the key that it has changed.
    #[inline]
    pub fn modified(&mut self, key: &[u8]) {
        self.changed(key, Change::Any);
    }

    /// As [`Keys::modified`], of a stream that has got an entry and is otherwise what it was.
    #[inline]
    pub fn grown(&mut self, key: &[u8]) {
        self.changed(key, Change::Added);
    }

    #[inline(always)]
    fn changed(&mut self, key: &[u8], change: Change) {
        let hash = self.hash(key);
        let stripe = self.guards.stripe_mut(self.keyspace.stripe_of(hash));
        if stripe.is_observed() || self.effects.wanted & (BROADCAST | WRITE_CLOCK) != 0 {
            self.tell(hash, key, Some(change));
        }
        if self.keyspace.is_indexed() {
            self.tell_index(hash, key);
        }
    }

    /// Tells those who watch or cache a key that time or the lack of memory has removed.
    pub(super) fn vanished(&mut self, key: &[u8]) {
        let hash = self.keyspace.hash(key);
        self.tell(hash, key, None);
        if self.keyspace.is_indexed() {
            self.tell_index(hash, key);
        }
    }

    /// Tells the index of hashes what the key holds now.
    #[cold]
    pub(super) fn tell_index(&mut self, hash: u64, key: &[u8]) {
        if self.db != 0 {
            return;
        }
        let (keyspace, now) = (self.keyspace, self.now);
        let table = &self.db_of(hash).table;
        let value = table.find(hash, key).map(|place| table.entry(place).into_payload());
        let found = match value {
            Some(Payload::Value(value)) => Hash::of(value),
            _ => None,
        };
        keyspace.tell_index(Indexed::Key(key, found, now));
    }

    /// Tells of a change that a client has made, or else of an end that came by itself.
    #[cold]
    fn tell(&mut self, hash: u64, key: &[u8], change: Option<Change>) {
        let by_client = change.is_some();
        let (db, number) = (self.db, self.keyspace.stripe_of(hash));
        let stripe = self.guards.stripe_mut(number);
        stripe.touch(db, key, change.unwrap_or(Change::Any));
        if by_client {
            self.wake_waiters(key);
        } else if stripe.is_needed(db, key) {
            self.effects.rare().ready.push((db, key.into()));
        }
        let readers = self.guards.stripe_mut(number).readers.take(hash, key);
        if let Some(readers) = readers {
            self.keyspace.forgot_readers(1, readers.len());
            self.effects.rare().stale.push(Stale { key: key.into(), readers });
        }
        if self.effects.wanted & BROADCAST != 0 {
            self.effects.rare().changed.push(Changed { key: key.into(), by_client });
        }
        if self.effects.wanted & WRITE_CLOCK != 0 && by_client {
            self.restart_clock(hash, key);
        }
    }

    /// Lets those who wait for the key try again.
    pub fn wake_waiters(&mut self, key: &[u8]) {
        let db = self.db;
        let number = self.keyspace.stripe_of(self.hash(key));
        let stripe = self.guards.stripe_mut(number);
        if stripe.next_waiter(db, key, 0).is_some() {
            let ready = (db, Box::from(key));
            let all = &mut self.effects.rare().ready;
            if !all.contains(&ready) {
                all.push(ready);
            }
        }
    }

    /// Notes in the key's access clock that it has been changed now.
    fn restart_clock(&mut self, hash: u64, key: &[u8]) {
        let now = self.now;
        let table = &mut self.db_of(hash).table;
        if let Some(place) = table.find(hash, key) {
            table.set_access(place, crate::access::created(now, false));
        }
    }

    /// Notes that a client keeps what it has read of the key: it is to be told when the key
    /// changes. The key's stripe is locked, or is locked from here on.
    pub fn remember_reader(&mut self, key: &[u8], id: ReaderId) {
        let hash = self.hash(key);
        let number = self.keyspace.stripe_of(hash);
        let added = self.stripe(number).readers.remember(hash, key, id);
        self.keyspace.remembered_reader(added);
    }

    /// Forgets the readers of some key of the stripe, at random; they are to be told. False if
    /// there is none.
    pub fn forget_readers(&mut self, number: usize, below: impl FnMut(u64) -> u64) -> bool {
        let keyspace = self.keyspace;
        let taken = self.stripe(number).readers.take_any(|key| keyspace.hash(key), below);
        let Some(stale) = taken else { return false };
        keyspace.forgot_readers(1, stale.readers.len());
        self.effects.rare().stale.push(stale);
        true
    }

    /// Forgets all readers of all keys; everybody with a cache is to be told. All stripes must be
    /// locked.
    pub(super) fn forget_all_readers(&mut self) {
        for number in 0..self.keyspace.stripes() {
            self.guards.stripe_mut(number).readers.clear();
        }
        self.keyspace.forgot_all_readers();
        self.effects.rare().flushed = true;
    }
}
