//! `Keys`: what a command sees of the keyspace: one database at one moment, with its stripes
//! locked.
//!
//! The dispatcher locks the stripes of a command's keys before the command runs, so everything the
//! command does is one step to everybody else. A key that has expired is not there: whoever meets
//! it removes it. Commands that walk everything (KEYS, SCAN, FLUSHALL) start without locks and take
//! one stripe after the other through [`Keys::stripe`].

use crate::access::Clock;
use crate::db::Gone;
use crate::effect::{Class, Effects, Event, removal};
use crate::entry::{Entry, EntryMut, EntryRef, INLINE_MAX, NewPayload, Payload, is_inline};
use crate::heat;
use crate::keyspace::{Garbage, Keyspace};
use crate::stripe::{Db, Stripe};
use crate::table::Place;
use redpoll_memory::tiers::{self, Tier};
use redpoll_types::number::{I64_TEXT_MAX, parse_i64};
use redpoll_types::string::Str;
use redpoll_types::value::{Part, Type, Typed, Value};

mod aside;
mod bytes;
mod edit;
mod evict;
mod fields;
mod find;
mod guards;
mod locking;
mod logging;
mod many;
mod observers;
mod put;
mod relocate;
mod strings;
mod view;
mod whole;

pub(crate) use evict::bytes_of;
pub use guards::Guards;
pub use put::When;
pub use relocate::Saved;
pub use strings::StrRef;
pub use view::View;
pub use whole::Emptied;

/// Elements looked at to estimate the size of a large value that is to be freed.
pub(crate) const SIZE_SAMPLES: usize = 5;

/// The key holds a value of another type than the command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// What a write does to the key's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The key has none afterwards.
    Clear,
    /// It stays as it is.
    Keep,
    /// The key expires at this time, in milliseconds since 1970.
    At(i64),
}

/// A value that has been taken out of the keyspace, or is about to be put in.
#[derive(Clone)]
pub enum Owned {
    /// A string short enough for its entry.
    Short(Box<[u8]>),
    /// An integer.
    Int(i64),
    /// Anything else.
    Value(Value),
}

/// See the module's head.
pub struct Keys<'a> {
    keyspace: &'a Keyspace,
    guards: Guards<'a>,
    db: usize,
    now: i64,
    /// Keys whose expiry is not later are gone: `now`, or never for an import source.
    gone_by: i64,
    reaps: bool,
    /// A hash that the dispatcher has computed already, and the key it belongs to.
    hint: (*const u8, usize, u64),
    /// Whether reads leave the access clock alone (CLIENT NO-TOUCH).
    no_touch: bool,
    /// What the command has caused.
    pub effects: Effects,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(keyspace: &'a Keyspace, guards: Guards<'a>, db: usize, now: i64) -> Self {
        Keys {
            keyspace,
            guards,
            db,
            now,
            gone_by: now,
            reaps: false,
            hint: (std::ptr::null(), 0, 0),
            no_touch: false,
            effects: Effects::default(),
        }
    }

    /// The database at hand.
    pub fn db(&self) -> usize {
        self.db
    }

    /// Goes on in another database (COPY, MOVE, SELECT in a transaction). Panics if there is none
    /// such.
    pub fn select(&mut self, db: usize) {
        assert!(db < self.keyspace.databases());
        self.db = db;
    }

    /// The moment at which all of this happens, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The keyspace as a whole.
    pub fn keyspace(&self) -> &'a Keyspace {
        self.keyspace
    }

    /// Whether reads leave the access clock alone from now on.
    pub fn set_no_touch(&mut self, on: bool) {
        self.no_touch = on;
    }

    /// Whether expired keys are there from now on: for the commands of a primary, which decides
    /// when they go, and of an import source (CLIENT IMPORT-SOURCE).
    pub fn see_expired(&mut self, on: bool) {
        self.gone_by = if on { i64::MIN } else { self.now };
    }

    /// Whether expired keys are there.
    pub fn sees_expired(&self) -> bool {
        self.gone_by == i64::MIN
    }

    /// Whether what expires at this time is gone. Nothing is where expired keys are to be seen.
    pub fn is_past(&self, at: i64) -> bool {
        at <= self.gone_by
    }

    /// Moves the time on: the command has slept.
    pub fn pass(&mut self, millis: i64) {
        self.now += millis;
        if self.gone_by != i64::MIN {
            self.gone_by = self.now;
        }
    }

    /// Whether expired keys that are met are removed even where others are to do that: by writes of
    /// clients on a replica that takes them.
    pub fn set_reaps(&mut self, on: bool) {
        self.reaps = on;
    }

    /// Tells the hash of a key, so that it is not computed again when that very slice is looked up.
    #[inline]
    pub fn set_hint(&mut self, key: &[u8], hash: u64) {
        self.hint = (key.as_ptr(), key.len(), hash);
    }

    /// Forgets a told hash: the command that it was told for is done.
    pub fn clear_hint(&mut self) {
        self.hint = (std::ptr::null(), 0, 0);
    }

    /// The hash of a key.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        if std::ptr::eq(self.hint.0, key.as_ptr()) && self.hint.1 == key.len() {
            return self.hint.2;
        }
        self.keyspace.hash(key)
    }

    #[inline]
    fn db_of(&mut self, hash: u64) -> &mut Db {
        let db = self.db;
        self.guards.stripe_mut(self.keyspace.stripe_of(hash)).db_mut(db)
    }

    /// Takes the entry at `place` out.
    #[inline]
    fn remove_at(&mut self, hash: u64, place: Place) -> Entry<Value> {
        let entry = self.db_of(hash).remove(place);
        self.note_len(hash);
        entry
    }

    /// Says how many keys the stripe of this hash holds now, for those who only count.
    #[inline]
    fn note_len(&mut self, hash: u64) {
        let (db, stripe) = (self.db, self.keyspace.stripe_of(hash));
        self.keyspace.note_len(stripe, db, self.guards.stripe(stripe).dbs()[db].table.len());
    }

    /// Notes the effects of an expired key that has been removed.
    fn expired(&mut self, entry: Entry<Value>) {
        self.effects.expired += 1;
        self.vanished(entry.key());
        self.event(entry.key(), Class::Expired, "expired");
        self.log(self.db, [removal(self.keyspace.unlinks_expired()), entry.key()]);
        self.discard_entry(entry);
    }

    /// Whether the key is there. Counts as a read.
    pub fn exists(&mut self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        self.read_place(hash, key).is_some()
    }

    /// Whether the key is there, as a write asks: nothing is counted.
    pub fn contains(&mut self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        self.live(hash, key).is_some()
    }

    /// The key's entry, to be looked at without moving its access clock (OBJECT, TYPE, TTL, DUMP).
    pub fn peek(&mut self, key: &[u8]) -> Option<EntryRef<'_, Value>> {
        let hash = self.hash(key);
        let place = self.live(hash, key)?;
        Some(self.db_of(hash).table.entry(place))
    }

    /// As [`Keys::peek`], but counted as a read that found its key or not.
    pub fn look(&mut self, key: &[u8]) -> Option<EntryRef<'_, Value>> {
        let hash = self.hash(key);
        let Some(place) = self.live(hash, key) else {
            self.effects.misses += 1;
            self.event(key, Class::KeyMiss, "keymiss");
            return None;
        };
        self.effects.hits += 1;
        Some(self.db_of(hash).table.entry(place))
    }

    /// The key's entry, as a read that counts and moves its access clock.
    pub fn read_entry(&mut self, key: &[u8]) -> Option<EntryRef<'_, Value>> {
        let hash = self.hash(key);
        let place = self.read_place(hash, key)?;
        Some(self.db_of(hash).table.entry(place))
    }

    /// Sets the key's access clock: idle for so many seconds under LRU, used so often under LFU;
    /// what belongs to the other of the two is left alone.
    pub fn set_access(&mut self, key: &[u8], idle_seconds: Option<u64>, frequency: Option<u8>) {
        let (now, lfu) = (self.now, self.keyspace.clock() == Clock::Uses);
        let clock = match lfu {
            true => frequency.map(|counter| crate::access::with_frequency(counter, now)),
            false => idle_seconds.map(|seconds| crate::access::idle_for(seconds, now)),
        };
        let hash = self.hash(key);
        if let Some(clock) = clock
            && let Some(place) = self.live(hash, key)
        {
            self.db_of(hash).table.set_access(place, clock);
        }
    }

    /// The type of the key's value.
    pub fn type_of(&mut self, key: &[u8]) -> Option<Type> {
        self.peek(key).map(|entry| type_of(&entry.payload()))
    }

    /// As [`Keys::type_of`], but a key that has expired stays where it is: nobody has asked for it.
    pub fn glance(&mut self, key: &[u8]) -> Option<Type> {
        let (hash, gone_by) = (self.hash(key), self.gone_by);
        let table = &self.db_of(hash).table;
        let entry = table.entry(table.find(hash, key)?);
        let live = entry.expiry().is_none_or(|at| at > gone_by);
        live.then(|| type_of(&entry.payload()))
    }

    /// The value of type `T` at `key`, for reading.
    #[inline]
    pub fn read<T: Typed>(&mut self, key: &[u8]) -> Result<Option<&T>, WrongType> {
        let hash = self.hash(key);
        let Some(place) = self.read_place(hash, key) else { return Ok(None) };
        match self.db_of(hash).table.entry(place).into_payload() {
            Payload::Value(value) => T::of(value).map(Some).ok_or(WrongType),
            _ => Err(WrongType),
        }
    }

    /// The value of type `T` at `key`, to be changed. Say so afterwards with [`Keys::wrote`].
    pub fn write<T: Typed>(&mut self, key: &[u8]) -> Result<Option<&mut T>, WrongType> {
        let hash = self.hash(key);
        let Some(place) = self.write_place(hash, key) else { return Ok(None) };
        let entry = self.db_of(hash).table.entry_mut(place);
        entry.into_value_mut().and_then(T::of_mut).map(Some).ok_or(WrongType)
    }

    /// The value of type `T` at `key`, to be changed; an empty one is put there if there is none.
    /// An empty value must not stay: see [`Keys::drop_if_empty`].
    pub fn write_or_new<T: Typed>(&mut self, key: &[u8]) -> Result<&mut T, WrongType> {
        let hash = self.hash(key);
        let place = match self.write_place(hash, key) {
            Some(place) => place,
            None => {
                self.insert(hash, Entry::new(key, NewPayload::Value(T::empty()), None));
                self.event(key, Class::New, "new");
                self.write_place(hash, key).ok_or(WrongType)?
            }
        };
        let entry = self.db_of(hash).table.entry_mut(place);
        entry.into_value_mut().and_then(T::of_mut).ok_or(WrongType)
    }

    /// The key's entry, to be changed as a whole.
    pub fn entry_mut(&mut self, key: &[u8]) -> Option<EntryMut<'_, Value>> {
        let hash = self.hash(key);
        let place = self.live(hash, key)?;
        Some(self.db_of(hash).table.entry_mut(place))
    }

    /// Removes the key; its value is freed in the background if that takes long.
    pub fn delete(&mut self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        let Some(place) = self.live(hash, key) else { return false };
        let entry = self.remove_at(hash, place);
        self.discard_entry(entry);
        true
    }

    /// Takes the key out with its value and expiry.
    pub fn take(&mut self, key: &[u8]) -> Option<(Owned, Option<i64>)> {
        let hash = self.hash(key);
        let place = self.live(hash, key)?;
        let entry = self.remove_at(hash, place);
        let expiry = entry.expiry();
        let short = match entry.payload() {
            Payload::Inline(bytes) => Some(Owned::Short(bytes.into())),
            Payload::Int(value) => Some(Owned::Int(value)),
            Payload::Value(_) => None,
        };
        let value = short.or_else(|| entry.into_value().map(Owned::Value))?;
        Some((value, expiry))
    }

    /// A copy of the key's value and its expiry. O(chunks) for large collections.
    pub fn copy(&mut self, key: &[u8]) -> Option<(Owned, Option<i64>)> {
        let entry = self.peek(key)?;
        let value = match entry.payload() {
            Payload::Inline(bytes) => Owned::Short(bytes.into()),
            Payload::Int(value) => Owned::Int(value),
            Payload::Value(value) => Owned::Value(value.clone()),
        };
        Some((value, entry.expiry()))
    }

    /// Removes the key if its collection has become empty, with the event `del`. Answers whether it
    /// did.
    pub fn drop_if_empty(&mut self, key: &[u8]) -> bool {
        let empty = self.peek(key).is_some_and(|entry| match entry.payload() {
            Payload::Value(value) => value.is_empty(),
            _ => false,
        });
        if empty {
            self.delete(key);
            self.wrote(key, Class::Generic, "del", 0);
        }
        empty
    }

    /// When the key expires: `None` without a key, `Some(None)` without an expiry.
    pub fn expiry(&mut self, key: &[u8]) -> Option<Option<i64>> {
        self.peek(key).map(|entry| entry.expiry())
    }

    /// Sets or removes the key's expiry. Answers whether the key is there.
    pub fn set_expiry(&mut self, key: &[u8], expiry: Option<i64>) -> bool {
        let hash = self.hash(key);
        let Some(place) = self.live(hash, key) else { return false };
        if let Some(due) = expiry {
            self.keyspace.expires_at(self.keyspace.stripe_of(hash), due);
        }
        self.db_of(hash).set_expiry(place, hash, expiry);
        true
    }

    /// Says that the key has changed: `changes` is added to the dirty count, those who watch or
    /// wait for the key are told, and the event goes to its subscribers.
    #[inline]
    pub fn wrote(&mut self, key: &[u8], class: Class, event: &'static str, changes: u64) {
        self.effects.dirty += changes;
        self.modified(key);
        self.event(key, class, event);
    }

    /// Notes an event for its subscribers, if there can be any.
    #[inline]
    pub fn event(&mut self, key: &[u8], class: Class, name: &'static str) {
        if self.effects.wanted & class.bit() != 0 {
            let event = Event { class, name, db: self.db, key: key.into(), fields: Vec::new() };
            self.effects.rare().events.push(event);
        }
    }

    /// Frees an entry, in the background if it is large.
    pub fn discard_entry(&self, entry: Entry<Value>) {
        let heavy = match entry.payload() {
            Payload::Value(value) => value.free_effort() > 64,
            _ => false,
        };
        if heavy && let Some(value) = entry.into_value() {
            let bytes = value.memory_usage(SIZE_SAMPLES);
            self.keyspace.discard(Garbage::Value(value), bytes);
        }
    }

    /// Frees what was cut out of a value, in the background if it is large.
    pub fn discard_part(&self, part: impl Part) {
        if part.free_effort() > 64 {
            self.keyspace.discard(Garbage::Part(Box::new(part)), 0);
        }
    }

    /// Removes up to `max` expired keys of a stripe in all databases. Returns whether there may be
    /// more.
    pub(crate) fn expire_stripe(&mut self, number: usize, max: usize, now: i64) -> bool {
        let before = self.db;
        let mut left = max;
        let mut more = false;
        for db in 0..self.keyspace.databases() {
            let mut gone = Vec::new();
            let part = self.stripe(number).db_mut(db);
            more |= part.expire(now, left.max(1), |what| gone.push(what));
            let len = part.table.len();
            self.keyspace.note_len(number, db, len);
            left = left.saturating_sub(gone.len());
            self.db = db;
            for gone in gone {
                match gone {
                    Gone::Key(entry) => {
                        let lag = entry.expiry().map(|at| now - at);
                        self.effects.rare().lags_ms.extend(lag);
                        self.expired(entry);
                    }
                    Gone::Fields(fields) => self.fields_expired(fields),
                }
            }
        }
        self.db = before;
        more
    }
}

/// The type of what an entry holds.
pub fn type_of(payload: &Payload<'_, Value>) -> Type {
    match payload {
        Payload::Inline(_) | Payload::Int(_) => Type::String,
        Payload::Value(value) => value.type_of(),
    }
}

#[cfg(test)]
mod tests;
