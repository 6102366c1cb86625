//! Putting values at keys: one lookup, and no allocation where the new value fits the old one's
//! shape.

use super::*;

/// On what a write depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On nothing.
    Always,
    /// The key must not be there.
    Absent,
    /// The key must be there.
    Present,
}

impl When {
    fn allows(self, present: bool) -> bool {
        match self {
            When::Always => true,
            When::Absent => !present,
            When::Present => present,
        }
    }
}

impl Keys<'_> {
    /// Puts a value at the key, in place of what is there.
    pub fn put(&mut self, key: &[u8], value: Owned, expiry: Option<i64>) {
        let hash = self.hash(key);
        let place = self.live(hash, key);
        let expiry = expiry.map_or(Expiry::Clear, Expiry::At);
        let payload = match value {
            Owned::Short(ref bytes) => NewPayload::Inline(bytes),
            Owned::Int(value) => NewPayload::Int(value),
            Owned::Value(value) => NewPayload::Value(value),
        };
        self.store(hash, key, place, payload, expiry);
    }

    /// Puts a string at `key`, in place of anything that is there.
    #[inline]
    pub fn set_string(&mut self, key: &[u8], bytes: &[u8], expiry: Expiry) {
        self.set_string_when(key, bytes, expiry, When::Always);
    }

    /// As [`Keys::set_string`], if the key is there or not as `when` asks. Answers whether it was.
    #[inline]
    pub fn set_string_when(
        &mut self,
        key: &[u8],
        bytes: &[u8],
        expiry: Expiry,
        when: When,
    ) -> bool {
        let hash = self.hash(key);
        let place = self.live(hash, key);
        if !when.allows(place.is_some()) {
            return false;
        }
        self.set_string_at(hash, key, place, bytes, expiry);
        true
    }

    #[inline]
    pub(super) fn set_string_at(
        &mut self,
        hash: u64,
        key: &[u8],
        place: Option<Place>,
        bytes: &[u8],
        expiry: Expiry,
    ) {
        if !is_inline(bytes.len()) {
            return self.set_long(hash, key, place, bytes, expiry);
        }
        let payload = match bytes.len() <= I64_TEXT_MAX {
            true => parse_i64(bytes).map_or(NewPayload::Inline(bytes), NewPayload::Int),
            false => NewPayload::Inline(bytes),
        };
        self.set_payload(hash, key, place, payload, expiry);
    }

    /// Puts a string at `key` that is not tried as an integer: what Redis keeps as text although it
    /// reads as a number (INCRBYFLOAT).
    pub fn set_text(&mut self, key: &[u8], bytes: &[u8], expiry: Expiry) {
        let hash = self.hash(key);
        let place = self.live(hash, key);
        match is_inline(bytes.len()) {
            true => self.set_payload(hash, key, place, NewPayload::Inline(bytes), expiry),
            false => self.set_long(hash, key, place, bytes, expiry),
        }
    }

    /// Puts an integer at `key`, in place of anything that is there.
    pub fn set_int(&mut self, key: &[u8], value: i64, expiry: Expiry) {
        let hash = self.hash(key);
        let place = self.live(hash, key);
        self.set_payload(hash, key, place, NewPayload::Int(value), expiry);
    }

    #[inline]
    pub(super) fn set_payload(
        &mut self,
        hash: u64,
        key: &[u8],
        place: Option<Place>,
        payload: NewPayload<'_, Value>,
        expiry: Expiry,
    ) {
        if let Some(place) = place
            && self.overwrite(hash, place, expiry, |entry| entry.overwrite(&payload))
        {
            return;
        }
        self.store(hash, key, place, payload, expiry);
    }

    fn set_long(
        &mut self,
        hash: u64,
        key: &[u8],
        place: Option<Place>,
        bytes: &[u8],
        expiry: Expiry,
    ) {
        let rewrite = |entry: &mut EntryMut<'_, Value>| match entry.value_mut() {
            Some(Value::Str(text)) => text.overwrite(bytes),
            _ => false,
        };
        if let Some(place) = place
            && self.overwrite(hash, place, expiry, rewrite)
        {
            return;
        }
        let value = Value::Str(Str::copy_of(bytes));
        self.store(hash, key, place, NewPayload::Value(value), expiry);
    }

    /// The fast way of a write over a value of the same shape: nothing is allocated. `rewrite`
    /// changes the value in place and answers whether that was possible.
    #[inline]
    fn overwrite(
        &mut self,
        hash: u64,
        place: Place,
        expiry: Expiry,
        rewrite: impl FnOnce(&mut EntryMut<'_, Value>) -> bool,
    ) -> bool {
        let mut entry = self.db_of(hash).table.entry_mut(place);
        let same_shape = match expiry {
            Expiry::Keep => true,
            Expiry::Clear => entry.expiry().is_none(),
            Expiry::At(_) => entry.expiry().is_some(),
        };
        if !same_shape || !rewrite(&mut entry) {
            return false;
        }
        if entry.is_raw() {
            entry.set_raw(false);
        }
        drop(entry);
        if let Expiry::At(due) = expiry {
            self.keyspace.expires_at(self.keyspace.stripe_of(hash), due);
            self.db_of(hash).set_expiry(place, hash, Some(due));
        }
        self.touch_entry(hash, place);
        true
    }

    /// Puts an entry at its key, in place of what is at `place`.
    pub(super) fn store(
        &mut self,
        hash: u64,
        key: &[u8],
        place: Option<Place>,
        payload: NewPayload<'_, Value>,
        expiry: Expiry,
    ) {
        let at = match (expiry, place) {
            (Expiry::At(at), _) => Some(at),
            (Expiry::Keep, Some(place)) => self.db_of(hash).table.entry(place).expiry(),
            _ => None,
        };
        let entry = Entry::new(key, payload, at);
        let Some(place) = place else {
            self.event(key, Class::New, "new");
            return self.insert(hash, entry);
        };
        self.tell_deadline(hash, &entry);
        let old = self.db_of(hash).replace(place, hash, entry);
        self.db_of(hash).table.entry_mut(place).set_raw(false);
        self.touch_entry(hash, place);
        self.discard_entry(old);
    }

    /// Adds an entry whose key is not there, as one that is created now.
    pub(super) fn insert(&mut self, hash: u64, mut entry: Entry<Value>) {
        entry.set_access(crate::access::created(self.now, self.keyspace.clock() == Clock::Uses));
        self.insert_as_is(hash, entry);
    }

    /// Adds an entry whose key is not there; its access clock stays.
    pub(super) fn insert_as_is(&mut self, hash: u64, entry: Entry<Value>) {
        self.tell_deadline(hash, &entry);
        self.db_of(hash).insert(hash, entry);
        self.note_len(hash);
        if self.db == 0 {
            let stripe = self.keyspace.stripe_of(hash);
            self.keyspace.publish(stripe, &self.guards.stripe(stripe).dbs()[0].table);
        }
    }
}
