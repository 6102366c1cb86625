//! Changing strings in place: counters, APPEND, SETRANGE.

use super::*;

impl Keys<'_> {
    /// Replaces the integer at `key` by what `next` makes of it; the expiry stays. `next` is given
    /// 0 if there is no key, and `None` if the string is no integer; if it refuses, nothing
    /// changes.
    pub fn edit_int<E: From<WrongType>>(
        &mut self,
        key: &[u8],
        next: impl FnOnce(Option<i64>) -> Result<i64, E>,
    ) -> Result<i64, E> {
        let hash = self.hash(key);
        let place = self.live(hash, key);
        let before = match place {
            Some(place) => StrRef::of(self.db_of(hash).table.entry(place).into_payload())?.as_int(),
            None => Some(0),
        };
        let value = next(before)?;
        self.set_payload(hash, key, place, NewPayload::Int(value), Expiry::Keep);
        Ok(value)
    }

    /// Appends to the string at `key`; what is not there yet is made of `suffix`, as SET would.
    /// `allow` is given the length to be and may refuse: then nothing changes. Returns the new
    /// length. O(suffix) amortized for long strings, O(length) for short ones.
    pub fn append_string<E: From<WrongType>>(
        &mut self,
        key: &[u8],
        suffix: &[u8],
        allow: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<usize, E> {
        let hash = self.hash(key);
        let Some(place) = self.live(hash, key) else {
            allow(suffix.len())?;
            self.set_string_at(hash, key, None, suffix, Expiry::Clear);
            return Ok(suffix.len());
        };
        let payload = self.db_of(hash).table.entry(place).into_payload();
        let text = StrRef::of(payload)?;
        let len = text.len() + suffix.len();
        allow(len)?;
        if let StrRef::Long(_) = text {
            let entry = self.db_of(hash).table.entry_mut(place);
            if let Some(Value::Str(text)) = entry.into_value_mut() {
                text.make_mut().extend_from_slice(suffix);
                text.settle(suffix.len());
            }
            self.touch_entry(hash, place);
            return Ok(len);
        }
        if !is_inline(len) {
            // Room for more of the same: what has outgrown its entry is likely to grow on.
            let mut bytes = Vec::with_capacity(2 * len);
            text.with(|before| bytes.extend_from_slice(before));
            bytes.extend_from_slice(suffix);
            self.store_raw(hash, key, place, NewPayload::Value(Value::Str(Str::new(bytes))));
            return Ok(len);
        }
        let mut buffer = [0; INLINE_MAX];
        let (head, tail) = buffer[..len].split_at_mut(len - suffix.len());
        text.with(|before| head.copy_from_slice(before));
        tail.copy_from_slice(suffix);
        self.store_raw(hash, key, place, NewPayload::Inline(&buffer[..len]));
        Ok(len)
    }

    /// Changes the string at `key`; an empty one is made if there is none. Its encoding is `raw`
    /// afterwards, as Redis has it after SETRANGE. O(length) for short strings.
    pub fn edit_string<R>(
        &mut self,
        key: &[u8],
        edit: impl FnOnce(&mut Vec<u8>) -> R,
    ) -> Result<R, WrongType> {
        self.try_edit_string(key, |bytes| Ok(edit(bytes)))
    }

    /// As [`Keys::edit_string`], but `edit` may refuse: then it must have left the bytes alone, and
    /// nothing changes.
    pub fn try_edit_string<R, E: From<WrongType>>(
        &mut self,
        key: &[u8],
        edit: impl FnOnce(&mut Vec<u8>) -> Result<R, E>,
    ) -> Result<R, E> {
        let hash = self.hash(key);
        let place = self.live(hash, key);
        let mut bytes = match place {
            None => Vec::new(),
            Some(place) => match self.db_of(hash).table.entry(place).into_payload() {
                Payload::Value(_) => {
                    let value = self.db_of(hash).table.entry_mut(place).into_value_mut();
                    let Some(Value::Str(text)) = value else { return Err(WrongType.into()) };
                    let before = text.as_bytes().len();
                    let result = edit(text.make_mut())?;
                    text.settle(text.as_bytes().len().saturating_sub(before));
                    self.touch_entry(hash, place);
                    return Ok(result);
                }
                short => StrRef::of(short)?.to_vec(),
            },
        };
        let result = edit(&mut bytes)?;
        let payload = match is_inline(bytes.len()) {
            true => NewPayload::Inline(&bytes),
            false => NewPayload::Value(Value::Str(Str::new(std::mem::take(&mut bytes)))),
        };
        match place {
            Some(place) => self.store_raw(hash, key, place, payload),
            None => {
                self.store(hash, key, None, payload, Expiry::Clear);
                self.mark_raw(key);
            }
        }
        Ok(result)
    }

    /// Replaces the value at `place` by a string that counts as `raw`; the expiry stays.
    pub(super) fn store_raw(
        &mut self,
        hash: u64,
        key: &[u8],
        place: Place,
        payload: NewPayload<'_, Value>,
    ) {
        self.set_payload(hash, key, Some(place), payload, Expiry::Keep);
        self.db_of(hash).table.entry_mut(place).set_raw(true);
    }

    /// Makes the string at `key` count as `raw`.
    pub fn mark_raw(&mut self, key: &[u8]) {
        if let Some(mut entry) = self.entry_mut(key) {
            entry.set_raw(true);
        }
    }
}
