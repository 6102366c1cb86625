//! Strings as bytes to be changed in place: SETBIT, BITFIELD, BITOP, HyperLogLogs.

use super::*;

impl Keys<'_> {
    /// Calls `edit` with the bytes of the string at `key`, to be changed in place. One that is
    /// shorter than `len`, or not there, is padded with zeros first, and `edit` is told so. The
    /// encoding is `raw` afterwards. O(1) but for what is padded, and for short strings then.
    pub fn edit_bytes<R>(
        &mut self,
        key: &[u8],
        len: usize,
        edit: impl FnOnce(&mut [u8], bool) -> R,
    ) -> Result<R, WrongType> {
        let hash = self.hash(key);
        let Some(place) = self.live(hash, key) else {
            let result = self.with_padded(b"", len, edit, |keys, payload| {
                keys.store(hash, key, None, payload, Expiry::Clear);
            });
            self.mark_raw(key);
            return Ok(result);
        };
        self.touch_entry(hash, place);
        let mut entry = self.db_of(hash).table.entry_mut(place);
        if let Some(value) = entry.value_mut() {
            let Value::Str(text) = value else { return Err(WrongType) };
            let padded = text.as_bytes().len() < len;
            if padded {
                text.grow(len);
            }
            return Ok(edit(text.make_mut(), padded));
        }
        if !entry.is_raw() {
            entry.set_raw(true);
        }
        if let Some(bytes) = entry.inline_mut().filter(|bytes| bytes.len() >= len) {
            return Ok(edit(bytes, false));
        }
        let mut short = [0; INLINE_MAX];
        let short_len = StrRef::of(entry.payload())?.with(|text| {
            short[..text.len()].copy_from_slice(text);
            text.len()
        });
        drop(entry);
        Ok(self.with_padded(&short[..short_len], len, edit, |keys, payload| {
            keys.store_raw(hash, key, place, payload);
        }))
    }

    /// Edits a copy of `text`, padded to `len`, and hands the result to `store`.
    fn with_padded<R>(
        &mut self,
        text: &[u8],
        len: usize,
        edit: impl FnOnce(&mut [u8], bool) -> R,
        store: impl FnOnce(&mut Self, NewPayload<'_, Value>),
    ) -> R {
        let (padded, len) = (text.len() < len, len.max(text.len()));
        if is_inline(len) {
            let mut bytes = [0; INLINE_MAX];
            bytes[..text.len()].copy_from_slice(text);
            let result = edit(&mut bytes[..len], padded);
            store(self, NewPayload::Inline(&bytes[..len]));
            return result;
        }
        let mut bytes = vec![0; len];
        bytes[..text.len()].copy_from_slice(text);
        let result = edit(&mut bytes, padded);
        store(self, NewPayload::Value(Value::Str(Str::new(bytes))));
        result
    }

    /// Puts a string at `key` in place of anything that is there, without an expiry; it counts as
    /// `raw`.
    pub fn set_raw(&mut self, key: &[u8], bytes: Vec<u8>) {
        let hash = self.hash(key);
        let place = self.live(hash, key);
        let payload = match is_inline(bytes.len()) {
            true => NewPayload::Inline(&bytes),
            false => NewPayload::Value(Value::Str(Str::new(bytes))),
        };
        match (place, &payload) {
            (Some(_), NewPayload::Inline(_)) => {
                self.set_payload(hash, key, place, payload, Expiry::Clear);
            }
            _ => self.store(hash, key, place, payload, Expiry::Clear),
        }
        self.mark_raw(key);
    }
}
