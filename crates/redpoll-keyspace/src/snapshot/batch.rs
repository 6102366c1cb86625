//! Entries that have been captured for a snapshot: keys and short strings copied, values shared.
//!
//! All bytes lie one after the other in the order of the records, so that capturing allocates
//! nothing while the batch is used again and again.

use super::held::Held;
use crate::entry::{Entry, Payload};

/// A batch is full at so many records, or so many bytes: moving it to a larger block must never
/// take long, as writers do it under their locks.
const RECORDS: usize = 1024;
const BYTES: usize = 128 << 10;
/// What a batch keeps for the next use.
const KEPT_BYTES: usize = 4 * BYTES;

/// See the module's head.
pub struct Batch<V> {
    bytes: Vec<u8>,
    records: Vec<Record<V>>,
    /// Only keys are kept; what they hold counts as the integer 0.
    keys_only: bool,
    /// What is kept for the snapshot alone.
    held: Held,
}

struct Record<V> {
    db: u16,
    key_len: u32,
    access: u32,
    expiry: Option<i64>,
    kept: Kept<V>,
}

enum Kept<V> {
    /// A string of this length, which stands behind the key.
    Inline(u16),
    Int(i64),
    Value(V),
}

/// A key and what it held at the moment of the snapshot.
#[derive(Clone, Copy)]
pub struct Captured<'a, V> {
    /// The database it was in.
    pub db: usize,
    /// The key.
    pub key: &'a [u8],
    /// What it held.
    pub payload: Payload<'a, V>,
    /// When it expires, in milliseconds since 1970.
    pub expiry: Option<i64>,
    /// Its access clock. Reads move it without a trace, so it may be later than the moment.
    pub access: u32,
}

impl<V> Batch<V> {
    /// An empty one. Allocates nothing.
    pub const fn new() -> Self {
        Batch { bytes: Vec::new(), records: Vec::new(), keys_only: false, held: Held::uncounted() }
    }

    /// An empty one that keeps keys only. Allocates nothing.
    pub fn of_keys() -> Self {
        Batch { keys_only: true, ..Batch::new() }
    }

    /// The same batch, whose bytes are counted as those of snapshots alone.
    pub(crate) fn counted(self, held: Held) -> Self {
        Batch { held, ..self }
    }

    /// Adds to what is kept for the snapshot alone.
    pub(crate) fn hold(&mut self, bytes: usize) {
        self.held.add(bytes);
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether more should go into another one.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= RECORDS || self.bytes.len() >= BYTES
    }

    /// Forgets the entries, and what they share with the keyspace.
    pub fn clear(&mut self) {
        self.records.clear();
        self.held.give_back();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
    }

    /// About how many bytes the batch takes, without what it shares.
    pub fn bytes(&self) -> usize {
        self.bytes.capacity() + self.records.capacity() * size_of::<Record<V>>()
    }

    /// Calls `show` for each entry in turn, until it answers false.
    pub fn each(&self, mut show: impl FnMut(Captured<'_, V>) -> bool) {
        let mut rest = &self.bytes[..];
        for record in &self.records {
            let (key, after) = rest.split_at(record.key_len as usize);
            rest = after;
            let payload = match &record.kept {
                Kept::Int(value) => Payload::Int(*value),
                Kept::Value(value) => Payload::Value(value),
                Kept::Inline(len) => {
                    let (text, after) = rest.split_at(*len as usize);
                    rest = after;
                    Payload::Inline(text)
                }
            };
            let Record { db, access, expiry, .. } = *record;
            if !show(Captured { db: db.into(), key, payload, expiry, access }) {
                return;
            }
        }
    }
}

impl<V: Clone> Batch<V> {
    /// Captures an entry of a database. O(key + short string); a large value costs a pointer for
    /// each of its chunks.
    pub(crate) fn push(&mut self, db: u16, entry: &Entry<V>) {
        let before = self.bytes.len();
        let key = entry.key();
        self.bytes.extend_from_slice(key);
        let kept = match entry.payload() {
            _ if self.keys_only => Kept::Int(0),
            Payload::Int(value) => Kept::Int(value),
            Payload::Value(value) => Kept::Value(value.clone()),
            Payload::Inline(bytes) => {
                self.bytes.extend_from_slice(bytes);
                Kept::Inline(bytes.len() as u16)
            }
        };
        // A key's length fits: `Entry::new` sees to it.
        let key_len = key.len() as u32;
        let (expiry, access) = (entry.expiry(), entry.access());
        self.records.push(Record { db, key_len, access, expiry, kept });
        self.held.add(self.bytes.len() - before + size_of::<Record<V>>());
    }
}

impl<V> Default for Batch<V> {
    fn default() -> Self {
        Batch::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::NewPayload;

    #[test]
    fn what_goes_in_comes_out() {
        let mut batch = Batch::<String>::new();
        let entries = [
            Entry::new(b"long", NewPayload::Value("value".to_owned()), Some(7)),
            Entry::new(b"", NewPayload::Inline(b"text"), None),
            Entry::new(b"int", NewPayload::Int(-3), Some(-1)),
            Entry::new(b"empty", NewPayload::Inline(b""), None),
        ];
        for round in 0..2 {
            entries.iter().for_each(|entry| batch.push(round, entry));
            let mut seen = Vec::new();
            batch.each(|captured| {
                let text = match captured.payload {
                    Payload::Inline(text) => String::from_utf8_lossy(text).into_owned(),
                    Payload::Int(value) => value.to_string(),
                    Payload::Value(value) => value.clone(),
                };
                assert_eq!(captured.db, usize::from(round));
                seen.push((captured.key.to_vec(), text, captured.expiry));
                seen.len() < 4
            });
            assert_eq!(seen[0], (b"long".to_vec(), "value".to_owned(), Some(7)));
            assert_eq!(seen[1], (b"".to_vec(), "text".to_owned(), None));
            assert_eq!(seen[2], (b"int".to_vec(), "-3".to_owned(), Some(-1)));
            assert_eq!(seen[3], (b"empty".to_vec(), String::new(), None));
            batch.clear();
            assert!(batch.is_empty() && batch.bytes() > 0);
        }
    }
}
