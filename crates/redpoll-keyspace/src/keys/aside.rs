//! Keys that are worked on beside the keyspace: copied under their locks, changed in a keyspace of
//! their own by a command that takes long, and taken over at one moment.

use super::relocate::Was;
use super::*;
use crate::watch::WatchFlag;

impl Keys<'_> {
    /// How many elements the collection at a key has, as what walking it costs; 0 for strings and
    /// for what is not there. Nothing is counted, and what has expired stays.
    pub fn elements(&self, key: &[u8]) -> usize {
        match self.seen(key) {
            Some(Value::List(list)) => list.len(),
            Some(Value::Set(set)) => set.len(),
            Some(Value::ZSet(zset)) => zset.len(),
            Some(Value::Hash(hash)) => hash.len(),
            Some(Value::Stream(stream)) => stream.log().len() as usize,
            Some(Value::Suggestions(suggestions)) => suggestions.len(),
            Some(Value::Str(_)) | None => 0,
        }
    }

    /// The value at a key; none if its stripe is not locked, as a call may name other keys than its
    /// metadata finds in it, before it is refused.
    fn seen(&self, key: &[u8]) -> Option<&Value> {
        if self.holds_key(key) { self.found_value(key) } else { None }
    }

    /// The value of type `T` at a key; nothing is counted, and what has expired stays.
    pub fn glimpse<T: Typed>(&self, key: &[u8]) -> Option<&T> {
        T::of(self.seen(key)?)
    }

    /// The length of the long string at a key; 0 for what is short, no string or not there.
    pub fn long_len(&self, key: &[u8]) -> usize {
        match self.seen(key) {
            Some(Value::Str(text)) => text.as_bytes().len(),
            _ => 0,
        }
    }

    /// Takes out what is at a key, to be put into another keyspace by [`Keys::take_over`]. Nobody
    /// is told.
    pub fn take_out(&mut self, key: &[u8]) -> Saved {
        let hash = self.hash(key);
        let was = match self.live(hash, key) {
            Some(place) => Was::There(self.remove_at(hash, place)),
            None => Was::Absent(key.into()),
        };
        Saved { db: self.db, was }
    }

    /// Makes a key what it has become elsewhere. What was there is freed in the background if it is
    /// large; telling others is up to the caller.
    pub fn take_over(&mut self, saved: Saved) {
        self.in_db(saved.db, |keys| {
            let hash = keys.hash(saved.key());
            let place = keys.live(hash, saved.key());
            match (place, saved.was) {
                (Some(place), Was::There(entry)) => {
                    keys.tell_deadline(hash, &entry);
                    let (raw, access) = (entry.is_raw(), entry.access());
                    let old = keys.db_of(hash).replace(place, hash, entry);
                    let table = &mut keys.db_of(hash).table;
                    table.entry_mut(place).set_raw(raw);
                    table.set_access(place, access);
                    keys.discard_entry(old);
                }
                (None, Was::There(entry)) => keys.insert_as_is(hash, entry),
                (Some(place), Was::Absent(_)) => {
                    let old = keys.remove_at(hash, place);
                    keys.discard_entry(old);
                }
                (None, Was::Absent(_)) => {}
            }
        });
    }

    /// Moves a key's access clock, as a read of it does; nothing is counted.
    pub fn touch(&mut self, key: &[u8]) {
        let hash = self.hash(key);
        self.write_place(hash, key);
    }

    /// Asks for `flag` to be set when the key changes. Its stripe must be locked.
    pub fn watch(&mut self, key: &[u8], flag: &WatchFlag) {
        let (db, number) = (self.db, self.keyspace.stripe_of(self.hash(key)));
        self.guards.stripe_mut(number).watch(db, key, flag);
    }

    /// Takes a [`Keys::watch`] back.
    pub fn unwatch(&mut self, key: &[u8], flag: &WatchFlag) {
        let (db, number) = (self.db, self.keyspace.stripe_of(self.hash(key)));
        self.guards.stripe_mut(number).unwatch(db, key, flag);
    }

    /// Empties the stripes that are locked, for the next one who works in a keyspace of his own.
    pub fn wipe(&mut self) {
        let keyspace = self.keyspace;
        self.guards.each_mut(|number, stripe| {
            for db in stripe.wipe() {
                keyspace.note_len(number, db, 0);
            }
        });
    }
}
