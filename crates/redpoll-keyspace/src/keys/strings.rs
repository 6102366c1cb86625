//! Strings: short ones in their entry, integers as such, long ones shared by reference count.

use super::*;

/// A string for reading.
#[derive(Clone, Copy)]
pub enum StrRef<'a> {
    /// Bytes in the entry.
    Short(&'a [u8]),
    /// A canonical decimal integer.
    Int(i64),
    /// Bytes of their own; cloning the [`Str`] allows to use them after the lock is gone.
    Long(&'a Str),
}

impl<'a> StrRef<'a> {
    /// The string in a payload, if it is one.
    pub fn of(payload: Payload<'a, Value>) -> Result<Self, WrongType> {
        match payload {
            Payload::Inline(bytes) => Ok(StrRef::Short(bytes)),
            Payload::Int(value) => Ok(StrRef::Int(value)),
            Payload::Value(Value::Str(text)) => Ok(StrRef::Long(text)),
            Payload::Value(_) => Err(WrongType),
        }
    }

    /// Calls `use_bytes` with the string's bytes.
    #[inline]
    pub fn with<R>(&self, use_bytes: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            StrRef::Short(bytes) => use_bytes(bytes),
            StrRef::Int(value) => use_bytes(itoa::Buffer::new().format(*value).as_bytes()),
            StrRef::Long(text) => use_bytes(text.as_bytes()),
        }
    }

    /// The length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.with(<[u8]>::len)
    }

    /// A copy of the bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.with(<[u8]>::to_vec)
    }

    /// The string as an integer, if it is one by Redis's rules.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            StrRef::Int(value) => Some(*value),
            other => other.with(parse_i64),
        }
    }
}

impl Keys<'_> {
    /// The string at `key`, for reading.
    #[inline]
    pub fn string(&mut self, key: &[u8]) -> Result<Option<StrRef<'_>>, WrongType> {
        let hash = self.hash(key);
        let Some(place) = self.read_place(hash, key) else { return Ok(None) };
        StrRef::of(self.db_of(hash).table.entry(place).into_payload()).map(Some)
    }

    /// The string at `key`, as a write looks at it: nothing is counted.
    pub fn string_for_write(&mut self, key: &[u8]) -> Result<Option<StrRef<'_>>, WrongType> {
        match self.peek(key) {
            Some(entry) => StrRef::of(entry.into_payload()).map(Some),
            None => Ok(None),
        }
    }

    /// Puts a string at `key`, in place of anything that is there.
    pub fn set_string(&mut self, key: &[u8], bytes: &[u8], expiry: Expiry) {
        let hash = self.hash(key);
        if bytes.len() <= INLINE_MAX {
            let payload = match bytes.len() <= 20 {
                true => parse_i64(bytes).map_or(NewPayload::Inline(bytes), NewPayload::Int),
                false => NewPayload::Inline(bytes),
            };
            if !self.overwrite(hash, key, &payload, expiry) {
                self.store(hash, key, payload, expiry);
            }
        } else {
            let value = Value::Str(Str::new(bytes.to_vec()));
            self.store(hash, key, NewPayload::Value(value), expiry);
        }
    }

    /// Puts an integer at `key`, in place of anything that is there.
    pub fn set_int(&mut self, key: &[u8], value: i64, expiry: Expiry) {
        let hash = self.hash(key);
        let payload = NewPayload::Int(value);
        if !self.overwrite(hash, key, &payload, expiry) {
            self.store(hash, key, payload, expiry);
        }
    }

    /// The fast way of a SET over a value of the same shape: no allocation.
    #[inline]
    fn overwrite(
        &mut self,
        hash: u64,
        key: &[u8],
        payload: &NewPayload<'_, Value>,
        expiry: Expiry,
    ) -> bool {
        let Some(place) = self.live(hash, key) else { return false };
        let mut entry = self.db_of(hash).table.entry_mut(place);
        if entry.is_raw() || (expiry != Expiry::Keep && entry.expiry().is_some()) {
            return false;
        }
        if matches!(expiry, Expiry::At(_)) || !entry.overwrite(payload) {
            return false;
        }
        drop(entry);
        self.touch_entry(hash, place);
        true
    }

    /// Changes the string at `key` in place; an empty one is made if there is none. Its encoding is `raw`
    /// afterwards, as Redis has it after APPEND and SETRANGE. O(length) for short strings.
    pub fn edit_string<R>(
        &mut self,
        key: &[u8],
        edit: impl FnOnce(&mut Vec<u8>) -> R,
    ) -> Result<R, WrongType> {
        let hash = self.hash(key);
        if let Some(place) = self.live(hash, key) {
            let entry = self.db_of(hash).table.entry_mut(place);
            if matches!(entry.payload(), Payload::Value(_)) {
                let value = entry.into_value_mut().ok_or(WrongType)?;
                let Value::Str(text) = value else { return Err(WrongType) };
                let result = edit(text.make_mut());
                self.touch_entry(hash, place);
                return Ok(result);
            }
        }
        let mut bytes = self.string_for_write(key)?.map(|text| text.to_vec()).unwrap_or_default();
        let result = edit(&mut bytes);
        let payload = match bytes.len() <= INLINE_MAX {
            true => NewPayload::Inline(&bytes),
            false => NewPayload::Value(Value::Str(Str::new(std::mem::take(&mut bytes)))),
        };
        self.store(hash, key, payload, Expiry::Keep);
        if let Some(mut entry) = self.entry_mut(key) {
            entry.set_raw(true);
        }
        Ok(result)
    }
}
