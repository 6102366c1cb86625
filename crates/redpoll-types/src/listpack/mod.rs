//! Listpack: a list of short strings and integers in one run of bytes.
//!
//! It is the compact form of every small collection, and its bytes are Redis's public listpack
//! format to the letter, so that RDB files and DUMP payloads copy it as it is:
//!
//! ```text
//! | bytes in all: u32 | entries: u16 | entry … entry | 0xff |      (little endian)
//! ```
//!
//! The entry count saturates at 65535, which means "count them". The form of an entry is drawn in
//! `codec`. The bytes live in an exactly sized box: a server holds millions of these, spare
//! capacity would cost more than the occasional reallocation. Everything but the two ends is O(n);
//! callers keep listpacks short and move to another encoding beyond their [`crate::limits`].
//!
//! A [`Cursor`] is a plain offset. It stays good until the listpack changes before it; used with
//! another listpack it may panic, as an index would.

pub(crate) mod codec;
mod iter;
#[cfg(test)]
mod tests;

use crate::number::{i64_text_len, parse_i64, write_i64};
use codec::{END, Encoded};
pub use iter::Iter;
use redpoll_memory::tiers;

/// Bytes before the first entry.
const HEADER: usize = 6;
/// The entry count that means "unknown".
const COUNT_UNKNOWN: u16 = u16::MAX;
/// The bytes of a listpack without entries.
const EMPTY: [u8; HEADER + 1] = [7, 0, 0, 0, 0, 0, END];

/// Largest listpack in bytes that callers should let grow; see [`Listpack::can_grow`].
pub const BYTES_MAX: usize = 1 << 30;

/// A list of strings and integers in one exactly sized run of bytes.
#[derive(PartialEq, Eq)]
pub struct Listpack {
    bytes: Box<[u8]>,
}

/// An element as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// A string that was the canonical text of this integer.
    Int(i64),
    /// Any other string.
    Bytes(&'a [u8]),
}

/// Where an entry starts. Ordered as the entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(usize);

/// The bytes are no listpack: lengths, encodings or counts contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

impl std::fmt::Display for Corrupt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the bytes contradict their own format")
    }
}

impl std::error::Error for Corrupt {}

impl<'a> Element<'a> {
    /// The element's text; an integer's is written into `buffer`.
    pub fn as_bytes<'b>(&self, buffer: &'b mut [u8; 21]) -> &'b [u8]
    where
        'a: 'b,
    {
        match *self {
            Self::Int(value) => write_i64(value, buffer),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The element's bytes where they lie, unless it is an integer.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Int(_) => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }

    /// Whether the element's text is `text`.
    pub fn eq_bytes(&self, text: &[u8]) -> bool {
        match *self {
            Self::Int(value) => parse_i64(text) == Some(value),
            Self::Bytes(bytes) => bytes == text,
        }
    }

    /// Length of the element's text in bytes.
    pub fn len(&self) -> usize {
        match *self {
            Self::Int(value) => i64_text_len(value),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether the element is the empty string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element's text as a value of its own.
    pub fn to_vec(&self) -> Vec<u8> {
        self.as_bytes(&mut [0; 21]).to_vec()
    }

    /// The integer whose canonical text this element is, however it is stored.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Int(value) => Some(value),
            Self::Bytes(bytes) => parse_i64(bytes),
        }
    }
}

impl Clone for Listpack {
    fn clone(&self) -> Self {
        Self { bytes: tiers::copy(&self.bytes) }
    }
}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Listpack {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self).finish()
    }
}

impl Listpack {
    /// A listpack without entries.
    pub fn new() -> Self {
        Self { bytes: Box::new(EMPTY) }
    }

    /// Takes over bytes of any origin after checking all of them. O(n).
    pub fn from_bytes(bytes: Box<[u8]>) -> Result<Self, Corrupt> {
        let listpack = Self { bytes: tiers::place(bytes.into_vec()).into_boxed_slice() };
        let bytes = &listpack.bytes;
        if bytes.len() < EMPTY.len() || bytes.last() != Some(&END) {
            return Err(Corrupt);
        }
        let total = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        if total as usize != bytes.len() {
            return Err(Corrupt);
        }
        let mut rest = &bytes[HEADER..bytes.len() - 1];
        let mut count = 0usize;
        while !rest.is_empty() {
            let len = codec::checked_entry_len(rest).ok_or(Corrupt)?;
            rest = &rest[len..];
            count += 1;
        }
        let stated = listpack.stated_count();
        if stated != COUNT_UNKNOWN && usize::from(stated) != count {
            return Err(Corrupt);
        }
        Ok(listpack)
    }

    /// Moves the bytes to a tier of memory; returns how many moved.
    pub(crate) fn relocate(&mut self, tier: tiers::Tier) -> usize {
        if tiers::relocate_box(&mut self.bytes, tier) { self.bytes.len() } else { 0 }
    }

    /// The bytes in Redis's format.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes in Redis's format, as a value of their own.
    pub fn into_bytes(self) -> Box<[u8]> {
        self.bytes
    }

    /// Length of [`Listpack::as_bytes`], which is also the heap memory held.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether `more` bytes of elements may be added without nearing the format's 4 GiB.
    pub fn can_grow(&self, more: usize) -> bool {
        can_grow(self.bytes.len(), more)
    }

    /// How many entries there are. O(1) below 65535 entries, else O(n).
    pub fn len(&self) -> usize {
        match self.stated_count() {
            COUNT_UNKNOWN => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == EMPTY.len()
    }

    /// The first entry.
    pub fn first(&self) -> Option<Cursor> {
        self.entry_at(HEADER)
    }

    /// The last entry. O(1).
    pub fn last(&self) -> Option<Cursor> {
        self.prev(Cursor(self.end()))
    }

    /// The entry after `cursor`.
    pub fn next(&self, cursor: Cursor) -> Option<Cursor> {
        self.entry_at(cursor.0 + codec::entry_len(&self.bytes, cursor.0))
    }

    /// The entry before `cursor`.
    pub fn prev(&self, cursor: Cursor) -> Option<Cursor> {
        (cursor.0 > HEADER).then(|| Cursor(codec::previous(&self.bytes, cursor.0)))
    }

    /// The element under `cursor`.
    pub fn at(&self, cursor: Cursor) -> Element<'_> {
        codec::decode(&self.bytes, cursor.0).0
    }

    /// The entry of `index`, counted from the end when negative (-1 is the last). O(n), walking
    /// from the nearer end.
    pub fn seek(&self, index: i64) -> Option<Cursor> {
        let len = self.len() as i64;
        let index = if index < 0 { index.checked_add(len)? } else { index };
        if index < 0 || index >= len {
            return None;
        }
        let (from_front, from_back) = (index, len - 1 - index);
        if from_front <= from_back {
            (0..from_front).try_fold(self.first()?, |cursor, _| self.next(cursor))
        } else {
            (0..from_back).try_fold(self.last()?, |cursor, _| self.prev(cursor))
        }
    }

    /// The element of `index`, counted from the end when negative. O(n).
    pub fn get(&self, index: i64) -> Option<Element<'_>> {
        self.seek(index).map(|cursor| self.at(cursor))
    }

    /// All elements, from either end.
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(&self.bytes, HEADER, self.end())
    }

    /// The elements from `cursor` to the end.
    pub fn iter_from(&self, cursor: Cursor) -> Iter<'_> {
        Iter::new(&self.bytes, cursor.0, self.end())
    }

    /// The first entry that equals `text`, looking at entry 0 and then at every entry after `skip`
    /// others: `skip` 1 looks at the fields of field-value pairs. O(n).
    pub fn find(&self, text: &[u8], skip: usize) -> Option<Cursor> {
        self.find_from(self.first()?, text, skip)
    }

    /// Like [`Listpack::find`], starting at `cursor`.
    pub fn find_from(&self, cursor: Cursor, text: &[u8], skip: usize) -> Option<Cursor> {
        let number = parse_i64(text);
        let end = self.end();
        let mut at = cursor.0;
        while at < end {
            let (element, len) = codec::decode(&self.bytes, at);
            let found = match element {
                Element::Int(value) => number == Some(value),
                Element::Bytes(bytes) => bytes == text,
            };
            if found {
                return Some(Cursor(at));
            }
            at += len;
            for _ in 0..skip {
                if at >= end {
                    return None;
                }
                at += codec::entry_len(&self.bytes, at);
            }
        }
        None
    }

    /// Appends `text`; it is stored as an integer when it is the canonical text of one.
    pub fn push_back(&mut self, text: &[u8]) {
        self.splice(self.end(), 0, &[Encoded::text(text)], 0);
    }

    /// Appends an integer.
    pub fn push_back_i64(&mut self, value: i64) {
        self.splice(self.end(), 0, &[Encoded::integer(value)], 0);
    }

    /// Appends several texts with one reallocation.
    pub fn push_back_all<const N: usize>(&mut self, texts: [&[u8]; N]) {
        self.splice(self.end(), 0, &texts.map(Encoded::text), 0);
    }

    /// Puts `text` before all others. O(n).
    pub fn push_front(&mut self, text: &[u8]) {
        self.splice(HEADER, 0, &[Encoded::text(text)], 0);
    }

    /// Puts `text` before the entry under `cursor`; returns the new entry's cursor. O(n).
    pub fn insert_before(&mut self, cursor: Cursor, text: &[u8]) -> Cursor {
        self.splice(cursor.0, 0, &[Encoded::text(text)], 0);
        cursor
    }

    /// Puts `text` after the entry under `cursor`; returns the new entry's cursor. O(n).
    pub fn insert_after(&mut self, cursor: Cursor, text: &[u8]) -> Cursor {
        let at = cursor.0 + codec::entry_len(&self.bytes, cursor.0);
        self.splice(at, 0, &[Encoded::text(text)], 0);
        Cursor(at)
    }

    /// Puts several texts before the entry under `cursor`, or at the end for `None`. O(n).
    pub fn insert_all_before<const N: usize>(
        &mut self,
        cursor: Option<Cursor>,
        texts: [&[u8]; N],
    ) -> Cursor {
        let at = cursor.map_or(self.end(), |cursor| cursor.0);
        self.splice(at, 0, &texts.map(Encoded::text), 0);
        Cursor(at)
    }

    /// Puts `text` in place of the entry under `cursor`, which stays valid. O(n), but O(1) when the
    /// entry keeps its length.
    pub fn replace(&mut self, cursor: Cursor, text: &[u8]) {
        let old = codec::entry_len(&self.bytes, cursor.0);
        self.splice(cursor.0, old, &[Encoded::text(text)], 1);
    }

    /// Removes the entry under `cursor`; returns the one that followed it. O(n).
    pub fn remove(&mut self, cursor: Cursor) -> Option<Cursor> {
        self.remove_entries(cursor, 1);
        self.entry_at(cursor.0)
    }

    /// Removes up to `count` entries from the one under `cursor` on; returns how many. O(n).
    pub fn remove_entries(&mut self, cursor: Cursor, count: usize) -> usize {
        let end = self.end();
        let (mut at, mut removed) = (cursor.0, 0);
        while removed < count && at < end {
            at += codec::entry_len(&self.bytes, at);
            removed += 1;
        }
        self.splice(cursor.0, at - cursor.0, &[], removed);
        removed
    }

    /// Removes up to `count` entries from `index` on (from the end when negative); returns how many
    /// there were. O(n).
    pub fn remove_range(&mut self, index: i64, count: usize) -> usize {
        match self.seek(index) {
            Some(cursor) if count > 0 => self.remove_entries(cursor, count),
            _ => 0,
        }
    }

    /// Takes the entries from `index` on away and returns them as a listpack of their own; nothing
    /// is taken when there is no such entry. O(n).
    pub fn split_off(&mut self, index: i64) -> Self {
        let Some(cursor) = self.seek(index) else {
            return Self::new();
        };
        let mut tail = Builder::with_capacity(self.end() - cursor.0);
        for element in self.iter_from(cursor) {
            tail.push_element(element);
        }
        self.remove_entries(cursor, usize::MAX);
        tail.finish()
    }

    /// Appends all entries of `other`. O(n).
    pub fn append(&mut self, other: &Self) {
        let count = self.len() + other.len();
        let mut bytes = Vec::with_capacity(self.end() + other.bytes.len() - HEADER);
        bytes.extend_from_slice(&self.bytes[..self.end()]);
        bytes.extend_from_slice(&other.bytes[HEADER..]);
        self.bytes = tiers::place(bytes).into_boxed_slice();
        self.write_header(count);
    }

    /// Offset of the end mark.
    fn end(&self) -> usize {
        self.bytes.len() - 1
    }

    fn entry_at(&self, at: usize) -> Option<Cursor> {
        (at < self.end()).then_some(Cursor(at))
    }

    fn stated_count(&self) -> u16 {
        u16::from_le_bytes([self.bytes[4], self.bytes[5]])
    }

    fn write_header(&mut self, count: usize) {
        let total = u32::try_from(self.bytes.len()).expect("callers ask can_grow first");
        let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
        self.bytes[4..HEADER].copy_from_slice(&count.to_le_bytes());
    }

    /// Puts `entries` in place of the `old_len` bytes at `at`, which hold `old_count` entries.
    /// Every change comes through here: it is the one place that moves bytes and keeps the header
    /// right.
    fn splice(&mut self, at: usize, old_len: usize, entries: &[Encoded<'_>], old_count: usize) {
        let new_len = entries.iter().map(Encoded::len).sum::<usize>();
        let count = match self.stated_count() {
            // A count below 65535 after a removal is found out by whoever asks for the length.
            COUNT_UNKNOWN => usize::from(COUNT_UNKNOWN),
            count => usize::from(count) + entries.len() - old_count,
        };
        if new_len != old_len {
            self.resize_gap(at, old_len, new_len);
        }
        let mut target = at;
        for entry in entries {
            entry.write(&mut self.bytes[target..target + entry.len()]);
            target += entry.len();
        }
        self.write_header(count);
    }

    /// Moves what follows `at + old_len` to `at + new_len`, keeping the box exactly sized.
    fn resize_gap(&mut self, at: usize, old_len: usize, new_len: usize) {
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        let old_total = bytes.len();
        let new_total = old_total - old_len + new_len;
        if new_total > old_total {
            bytes.reserve_exact(new_total - old_total);
            bytes.resize(new_total, 0);
        }
        bytes.copy_within(at + old_len..old_total, at + new_len);
        bytes.truncate(new_total);
        self.bytes = bytes.into_boxed_slice();
        tiers::settle_box(&mut self.bytes, new_total.saturating_sub(old_total));
    }
}

impl<'a> IntoIterator for &'a Listpack {
    type Item = Element<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Listpack {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut builder = Builder::with_capacity(0);
        for text in texts {
            builder.push(text.as_ref());
        }
        builder.finish()
    }
}

fn can_grow(bytes: usize, more: usize) -> bool {
    bytes.checked_add(more).is_some_and(|total| total <= BYTES_MAX)
}

/// Builds a listpack of many entries without reallocating for each.
pub struct Builder {
    bytes: Vec<u8>,
    count: usize,
}

impl Builder {
    /// A builder with room for about `capacity` bytes of entries.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity + EMPTY.len());
        bytes.extend_from_slice(&EMPTY[..HEADER]);
        Self { bytes, count: 0 }
    }

    /// Appends `text`, as [`Listpack::push_back`] does.
    pub fn push(&mut self, text: &[u8]) {
        self.push_encoded(&Encoded::text(text));
    }

    /// Appends an integer.
    pub fn push_i64(&mut self, value: i64) {
        self.push_encoded(&Encoded::integer(value));
    }

    /// Appends what another value held.
    pub fn push_element(&mut self, element: Element<'_>) {
        self.push_encoded(&Encoded::element(element));
    }

    /// As [`Listpack::can_grow`].
    pub fn can_grow(&self, more: usize) -> bool {
        can_grow(self.bytes.len(), more)
    }

    /// Bytes the listpack would have now.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len() + 1
    }

    /// The listpack, exactly sized.
    pub fn finish(mut self) -> Listpack {
        self.bytes.push(END);
        self.bytes.shrink_to_fit();
        let mut listpack = Listpack { bytes: tiers::place(self.bytes).into_boxed_slice() };
        listpack.write_header(self.count);
        listpack
    }

    fn push_encoded(&mut self, entry: &Encoded<'_>) {
        entry.append_to(&mut self.bytes);
        self.count += 1;
    }
}
