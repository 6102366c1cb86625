//! Reading strings: short ones in their entry, integers as such, long ones shared by reference
//! count.

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
}
