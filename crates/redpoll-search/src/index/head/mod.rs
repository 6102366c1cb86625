//! The mutable part of an index: the documents that were added last.
//!
//! It holds a few thousand documents at most, and takes them one by one. A posting, once written,
//! does not change, and documents are numbered in the order in which they come, so that a reader
//! who knows how many documents there were when it began sees those and no others, however many
//! come after. What it needs of a term's list it copies under a lock held for about a microsecond;
//! what is kept of a document besides it reads without a lock.

mod log;
mod slots;
mod terms;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::dict::TEXT;
use super::postings::{Format, Postings, Scan};
use super::tally::Tally;
use crate::document::{DocRecord, Prepared};
use slots::Slots;
use terms::{Sorted, Terms};

/// Documents that a head takes.
pub const DOCS_MAX: u32 = 4096;
/// Bytes from which on a head takes no more.
const BYTES_MAX: usize = 8 << 20;

/// The mutable part of an index, or one that has been and is not yet a segment.
#[derive(Debug)]
pub struct Head {
    format: Format,
    first_id: u64,
    records: Slots<DocRecord>,
    terms: RwLock<Terms>,
    /// The terms in order, as far as somebody has asked for it.
    sorted: Mutex<Sorted>,
    /// Whether a document's own score is not 1.
    has_scores: AtomicBool,
    record_bytes: AtomicUsize,
    positions: AtomicUsize,
    position_bytes: AtomicUsize,
}

impl Head {
    /// An empty head whose first document will have this id. `format` is that of the lists of
    /// words.
    pub fn new(format: Format, first_id: u64) -> Self {
        Head {
            format,
            first_id,
            records: Slots::new(),
            terms: RwLock::default(),
            sorted: Mutex::default(),
            has_scores: AtomicBool::new(false),
            record_bytes: AtomicUsize::new(0),
            positions: AtomicUsize::new(0),
            position_bytes: AtomicUsize::new(0),
        }
    }

    /// The format of the lists of words.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The id of the first document.
    pub fn first_id(&self) -> u64 {
        self.first_id
    }

    /// Adds a document behind `docs` others. Only one thread adds. Readers see it when they are
    /// told of its number. Returns whether the head takes more.
    pub fn push(&self, docs: u32, prepared: Prepared) -> bool {
        let Prepared { record, keys, payloads, terms, positions, position_bytes, .. } = prepared;
        self.positions.fetch_add(positions, Ordering::Relaxed);
        self.position_bytes.fetch_add(position_bytes, Ordering::Relaxed);
        let bytes = self.record_bytes.fetch_add(record.heap_bytes(), Ordering::Relaxed);
        // Before the document is there for anybody.
        if record.score != 1.0 {
            self.has_scores.store(true, Ordering::Relaxed);
        }
        self.records.set(docs, record);
        let mut guard = self.terms.write();
        guard.push(docs, &keys, &payloads, &terms);
        docs + 1 < DOCS_MAX && guard.heap_bytes() + bytes < BYTES_MAX
    }

    /// What is kept of a document besides its terms.
    pub fn record(&self, doc: u32) -> Option<&DocRecord> {
        self.records.get(doc)
    }

    /// The list of a term, as far as it concerns the first `docs` documents.
    pub fn postings(&self, key: &[u8], hash: u64, docs: u32) -> Option<Postings<'static>> {
        let format = self.format_of(key);
        let (bytes, count) = self.terms.read().copy_list(key, hash)?;
        Some(Postings::of_stream(bytes, format, count, docs))
    }

    /// The same list, to be gone through once.
    pub fn scan(
        &self,
        key: &[u8],
        hash: u64,
        docs: u32,
        mask: Option<u128>,
    ) -> Option<Scan<'static>> {
        let format = self.format_of(key);
        let (bytes, _) = self.terms.read().copy_list(key, hash)?;
        Some(Scan::of_stream(bytes, format, docs, mask))
    }

    /// Whether all documents' own scores are 1.
    pub fn scores_are_one(&self) -> bool {
        !self.has_scores.load(Ordering::Relaxed)
    }

    /// How many of the first `docs` documents have a term.
    pub fn count(&self, key: &[u8], hash: u64, docs: u32) -> u32 {
        let (bytes, count) = {
            let terms = self.terms.read();
            match terms.count(key, hash) {
                None => return 0,
                Some((count, last)) if last < docs => return count,
                Some(_) => {}
            }
            let Some(list) = terms.copy_list(key, hash) else { return 0 };
            list
        };
        let mut list = Postings::of_stream(bytes, self.format_of(key), count, docs);
        let mut seen = 0;
        while list.doc() != super::postings::END {
            seen += 1;
            list.step();
        }
        seen
    }

    /// Calls `each` for every key that begins with `prefix`, in order, until it says false. Keys of
    /// documents that a reader does not know yet may be among them. No lock is held meanwhile.
    pub fn keys_with_prefix(&self, prefix: &[u8], mut each: impl FnMut(&[u8]) -> bool) {
        let order = {
            let mut sorted = self.sorted.lock();
            let terms = self.terms.read();
            sorted.update(&terms);
            let from = sorted.from(&terms, prefix);
            let end = from.partition_point(|index| terms.key(*index).starts_with(prefix));
            from[..end].to_vec()
        };
        let mut key = Vec::new();
        for index in order {
            self.copy_key(index, &mut key);
            if !each(&key) {
                return;
            }
        }
    }

    /// The numbers of all terms in the order of their keys.
    pub fn order(&self) -> Vec<u32> {
        let mut sorted = self.sorted.lock();
        let terms = self.terms.read();
        sorted.update(&terms);
        sorted.from(&terms, b"").to_vec()
    }

    /// Copies the key of a term to `key`.
    pub fn copy_key(&self, term: u32, key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(self.terms.read().key(term));
    }

    /// The list of a term whose key is this, as far as it concerns the first `docs` documents.
    pub fn list_of(&self, term: u32, key: &[u8], docs: u32) -> Postings<'static> {
        let (bytes, count) = self.terms.read().list(term);
        Postings::of_stream(bytes, self.format_of(key), count, docs)
    }

    /// The number of terms.
    pub fn terms_len(&self) -> usize {
        self.terms.read().len()
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        self.terms.read().heap_bytes() + self.doc_bytes()
    }

    /// What there is.
    pub fn tally(&self) -> Tally {
        Tally {
            positions: self.positions.load(Ordering::Relaxed) as u64,
            position_bytes: self.position_bytes.load(Ordering::Relaxed) as u64,
            ..self.terms.read().tally()
        }
    }

    /// Bytes of what is kept of documents besides terms.
    pub fn doc_bytes(&self) -> usize {
        self.record_bytes.load(Ordering::Relaxed) + self.records.heap_bytes()
    }

    fn format_of(&self, key: &[u8]) -> Format {
        if key.first() == Some(&TEXT) { self.format } else { Format::DOCS }
    }
}
