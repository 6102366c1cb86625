//! From a hash to the document that an index holds of it.
//!
//! Mostly that is done in one go, with the hash's stripe locked. A hash whose texts are long was
//! written in the background (see `Keys::tell_index`'s callers in `executor/aside.rs`): there it is
//! taken apart before its stripe is locked, and kept by the thread until it is told of the change.

use super::Search;
use super::definition::{Filter, FilterColumn};
use super::index::{Failure, SearchIndex};
use redpoll_keyspace::Saved;
use redpoll_keyspace::entry::Payload;
use redpoll_search::analysis::Language;
use redpoll_search::expression::{Row, Value};
use redpoll_search::index::Ready;
use redpoll_search::{Document, DocumentError};
use redpoll_types::hash::Hash;
use redpoll_types::value::Typed;
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    /// Documents that this thread has taken apart, of hashes that it is about to change.
    static READY: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// A document that waits for its hash to become what it is of.
struct Kept {
    index: Arc<SearchIndex>,
    key: Box<[u8]>,
    ready: Ready,
}

impl Search {
    /// Takes apart what these keys are about to become, so that it need not be done when they are
    /// locked. The calling thread changes them next, or calls this again.
    pub(crate) fn get_ready(&self, changed: &[Saved], now: i64) {
        READY.with_borrow_mut(Vec::clear);
        let now = u64::try_from(now).unwrap_or(0);
        for (key, hash) in changed.iter().filter_map(hash_of) {
            for index in self.indexes() {
                if !index.wants(key) || !index.accepts(key, hash, now) {
                    continue;
                }
                // A document that does not fit is found out again when it is put.
                let ready = index.with_document(key, hash, now, |it| index.index.prepare(it));
                if let Ok(ready) = ready {
                    let kept = Kept { index, key: key.into(), ready };
                    READY.with_borrow_mut(|all| all.push(kept));
                }
            }
        }
    }

    /// Forgets what was taken apart and has come to nothing.
    pub(crate) fn forget_ready(&self) {
        READY.with_borrow_mut(Vec::clear);
    }
}

/// The hash that a key of the first database is to become.
fn hash_of(saved: &Saved) -> Option<(&[u8], &Hash)> {
    let entry = saved.entry().filter(|_| saved.db() == 0)?;
    match entry.payload() {
        Payload::Value(value) => Some((saved.key(), Hash::of(value)?)),
        _ => None,
    }
}

impl SearchIndex {
    /// Takes over what a key holds now; whether that is a document of the index. The key's stripe
    /// is locked.
    pub(super) fn follow(&self, key: &[u8], hash: Option<&Hash>, now: i64) -> bool {
        if !self.wants(key) {
            return false;
        }
        let now = u64::try_from(now).unwrap_or(0);
        match hash.filter(|hash| self.accepts(key, hash, now)) {
            Some(hash) => {
                self.put(key, hash, now);
                true
            }
            None => {
                self.index.delete(key);
                false
            }
        }
    }

    /// Whether keys of this name belong to the index.
    pub fn wants(&self, key: &[u8]) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }

    fn accepts(&self, key: &[u8], hash: &Hash, now: u64) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.accepts(key, hash, now))
    }

    fn put(&self, key: &[u8], hash: &Hash, now: u64) {
        let ready = READY.with_borrow_mut(|all| {
            let own = |one: &Kept| std::ptr::eq(&*one.index, self) && *one.key == *key;
            all.iter().position(own).map(|at| all.swap_remove(at).ready)
        });
        if let Some(ready) = ready
            && self.index.add(ready).is_some()
        {
            return;
        }
        let put = self.with_document(key, hash, now, |document| self.index.put(document));
        if let Err(error) = put {
            let reason = self.reason(&error);
            self.note_failure(error.field(), &Failure { key: key.into(), reason });
        }
    }

    /// Calls `act` with the document that the index holds of a hash.
    fn with_document<R>(
        &self,
        key: &[u8],
        hash: &Hash,
        now: u64,
        act: impl FnOnce(&Document<'_>) -> R,
    ) -> R {
        let schema = self.index.schema();
        let options = schema.options();
        let mut fields = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            if !fields.iter().any(|(path, _): &(&[u8], Vec<u8>)| *path == field.path)
                && let Some(value) = hash.get(&field.path, now)
            {
                fields.push((field.path.as_slice(), value.to_vec()));
            }
        }
        let special = |name: &Option<Vec<u8>>| {
            let value = hash.get(name.as_ref()?, now)?;
            Some(value.to_vec())
        };
        let score = special(&options.score_field);
        let score = score.and_then(|score| std::str::from_utf8(&score).ok()?.parse().ok());
        let language = special(&options.language_field);
        let payload = special(&options.payload_field);
        let fields: Vec<(&[u8], &[u8])> =
            fields.iter().map(|(path, value)| (*path, value.as_slice())).collect();
        act(&Document {
            key,
            fields: &fields,
            language: language.and_then(|name| Language::from_name(&name)),
            score: score.filter(|score: &f64| score.is_finite()),
            payload: payload.as_deref(),
        })
    }

    /// What FT.INFO says of a document that could not be indexed.
    fn reason(&self, error: &DocumentError) -> String {
        let schema = self.index.schema();
        let name = |field| {
            let name = schema.get(field).map_or(&b""[..], |field| &field.name);
            String::from_utf8_lossy(name).into_owned()
        };
        let text =
            |value: &[u8]| String::from_utf8_lossy(&value[..value.len().min(64)]).into_owned();
        match error {
            DocumentError::Number(_, value) => {
                format!("Invalid numeric value: '{}'", text(value))
            }
            DocumentError::Geo(_, value) if !value.iter().any(|byte| b", ".contains(byte)) => {
                "Invalid geo string: missing separator".to_owned()
            }
            DocumentError::Geo(_, value) => format!("Invalid geo string '{}'", text(value)),
            DocumentError::TooLarge => "Document is too large to be indexed".to_owned(),
            DocumentError::Shape(field, value) => {
                format!("Invalid shape in field {}: '{}'", name(*field), text(value))
            }
            DocumentError::VectorSize { bytes, expected, .. } => {
                format!("Could not add vector with blob size {bytes} (expected size {expected})")
            }
        }
    }
}

impl Filter {
    /// Whether the hash at a key passes.
    pub fn accepts(&self, key: &[u8], hash: &Hash, now: u64) -> bool {
        self.expression.accepts(&HashRow { key, hash, now, columns: &self.columns })
    }
}

/// A hash as a row of a filter.
struct HashRow<'a> {
    key: &'a [u8],
    hash: &'a Hash,
    now: u64,
    columns: &'a [FilterColumn],
}

impl Row for HashRow<'_> {
    fn value(&self, column: usize) -> Option<Value> {
        Some(match self.columns.get(column)? {
            FilterColumn::Key => Value::text(self.key),
            FilterColumn::Field(field) => Value::text(self.hash.get(field, self.now)?.to_vec()),
        })
    }
}
