//! Whole entries from one key to another: RENAME, MOVE, COPY; and copies that are put back.

use super::*;

/// What was at a key.
pub struct Saved {
    pub(super) db: usize,
    pub(super) was: Was,
}

/// See [`Saved`]. An entry has its key with it.
pub(super) enum Was {
    There(Entry<Value>),
    Absent(Box<[u8]>),
}

impl Saved {
    /// Whether there was anything.
    pub fn is_there(&self) -> bool {
        matches!(self.was, Was::There(_))
    }

    /// The database that it was in.
    pub fn db(&self) -> usize {
        self.db
    }

    /// What there was, with its expiry.
    pub fn entry(&self) -> Option<&Entry<Value>> {
        match &self.was {
            Was::There(entry) => Some(entry),
            Was::Absent(_) => None,
        }
    }

    /// Whether this is what was at that key of that database.
    pub fn is_of(&self, db: usize, key: &[u8]) -> bool {
        self.db == db && self.key() == key
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        match &self.was {
            Was::There(entry) => entry.key(),
            Was::Absent(key) => key,
        }
    }
}

/// A copy of an entry under another key, with its expiry and encoding.
fn copy_of(entry: &EntryRef<'_, Value>, key: &[u8]) -> Entry<Value> {
    let payload = match entry.payload() {
        Payload::Inline(bytes) => NewPayload::Inline(bytes),
        Payload::Int(value) => NewPayload::Int(value),
        Payload::Value(value) => NewPayload::Value(value.clone()),
    };
    let mut copy = Entry::new(key, payload, entry.expiry());
    copy.set_raw(entry.is_raw());
    copy
}

impl Keys<'_> {
    /// Moves the entry at `source` to `target` of database `db`, with its expiry, access clock and
    /// encoding; what is there is removed. Answers whether there was anything to move. O(1) but for
    /// the bytes in the entry itself. Both stripes must be locked.
    pub fn relocate(&mut self, source: &[u8], target: &[u8], db: usize) -> bool {
        let hash = self.hash(source);
        let Some(place) = self.live(hash, source) else { return false };
        let entry = self.remove_at(hash, place).rekeyed(target);
        self.in_db(db, |keys| {
            keys.delete(target);
            keys.event(target, Class::New, "new");
            keys.insert_as_is(keys.hash(target), entry);
        });
        true
    }

    /// Copies the entry at `source` to `target` of database `db`, with its expiry and encoding;
    /// what is there is removed. Answers whether there was anything to copy. Large collections
    /// share their chunks until one of the two changes. Both stripes must be locked.
    pub fn duplicate(&mut self, source: &[u8], target: &[u8], db: usize) -> bool {
        let hash = self.hash(source);
        let Some(place) = self.live(hash, source) else { return false };
        let entry = self.db_of(hash).table.entry(place);
        let copy = copy_of(&entry, target);
        self.in_db(db, |keys| {
            keys.delete(target);
            keys.event(target, Class::New, "new");
            keys.insert(keys.hash(target), copy);
        });
        true
    }

    /// A copy of what is at a key, to be put back should the changes that follow be given up. Large
    /// collections share their chunks with it until they change. The stripe must be locked.
    pub fn save(&mut self, key: &[u8]) -> Saved {
        let hash = self.hash(key);
        let was = match self.live(hash, key) {
            Some(place) => {
                let entry = self.db_of(hash).table.entry(place);
                let mut copy = copy_of(&entry, key);
                copy.set_access(entry.access());
                Was::There(copy)
            }
            None => Was::Absent(key.into()),
        };
        Saved { db: self.db, was }
    }

    /// Puts back what was at a key; as if nothing had happened to it, and nobody is told. The
    /// stripe must be locked.
    pub fn put_back(&mut self, saved: Saved) {
        self.in_db(saved.db, |keys| {
            let hash = keys.hash(saved.key());
            if let Some(place) = keys.db_of(hash).table.find(hash, saved.key()) {
                let entry = keys.remove_at(hash, place);
                keys.discard_entry(entry);
            }
            let key: Box<[u8]> = saved.key().into();
            if let Was::There(entry) = saved.was {
                keys.insert_as_is(hash, entry);
            }
            if keys.keyspace.is_indexed() {
                keys.tell_index(hash, &key);
            }
        });
    }

    /// Does something in another database.
    pub(super) fn in_db<R>(&mut self, db: usize, act: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.db;
        self.select(db);
        let result = act(self);
        self.db = before;
        result
    }
}
