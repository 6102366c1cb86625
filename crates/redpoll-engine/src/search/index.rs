//! One index, and where it stands.

use super::Name;
use super::arguments::Words;
use super::definition::{Definition, DefinitionError, Filter};
use super::fields;
use super::scan::Scan;
use parking_lot::{Mutex, RwLock};
use redpoll_search::Index;
use redpoll_search::schema::Schema;
use redpoll_search::synonym::Synonyms;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// See the module's head.
pub struct SearchIndex {
    /// Its name.
    pub name: Name,
    /// Its contents.
    pub index: Index,
    /// Which keys belong to it, by the beginnings of their names; none: all.
    pub prefixes: Vec<Vec<u8>>,
    /// Which hashes belong to it, beyond that.
    pub filter: Option<Filter>,
    /// The words that define it, the name first.
    words: RwLock<Vec<Box<[u8]>>>,
    synonyms: RwLock<Arc<Synonyms>>,
    scan: Mutex<Option<Arc<Scan>>>,
    stripes: usize,
    failures: AtomicU64,
    last_failure: Mutex<Option<Failure>>,
    /// When it was last used, in milliseconds since 1970.
    used: AtomicI64,
    /// How often it was used.
    uses: AtomicU64,
}

/// A document that could not be indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its key.
    pub key: Name,
    /// Why.
    pub reason: String,
}

impl SearchIndex {
    pub(super) fn new(definition: Definition, stripes: usize, now: i64) -> Self {
        let Definition { name, schema, filter, words } = definition;
        let options = schema.options();
        let (prefixes, skips) = (options.prefixes.clone(), options.skip_initial_scan);
        let index = SearchIndex {
            name,
            prefixes,
            index: Index::new(schema),
            filter,
            words: RwLock::new(words),
            synonyms: RwLock::default(),
            scan: Mutex::default(),
            stripes,
            failures: AtomicU64::new(0),
            last_failure: Mutex::default(),
            used: AtomicI64::new(now),
            uses: AtomicU64::new(0),
        };
        if !skips {
            index.begin_scan(false);
        }
        index
    }

    /// The words that define it, the name first.
    pub fn words(&self) -> Vec<Box<[u8]>> {
        self.words.read().clone()
    }

    /// Adds fields; documents that are there get them by and by, unless `skip_scan`.
    ///
    /// # Errors
    /// If the fields cannot be.
    pub fn add_fields(&self, words: &[&[u8]], skip_scan: bool) -> Result<(), DefinitionError> {
        let mut schema: Schema = (*self.index.schema()).clone();
        for field in fields::parse(&mut Words::new(words.iter().copied()))? {
            schema = schema.with_field(field)?;
        }
        self.index.set_schema(schema);
        self.words.write().extend(words.iter().map(|word| Box::from(*word)));
        if !skip_scan {
            self.begin_scan(true);
        }
        Ok(())
    }

    /// The synonyms.
    pub fn synonyms(&self) -> Arc<Synonyms> {
        Arc::clone(&self.synonyms.read())
    }

    /// Adds words to a group of synonyms; documents that are there get them by and by, unless
    /// `skip_scan`.
    pub fn add_synonyms(&self, group: &[u8], words: &[&[u8]], skip_scan: bool) {
        let synonyms = {
            let mut current = self.synonyms.write();
            Arc::make_mut(&mut current).update(group, words.iter().copied());
            Arc::clone(&current)
        };
        self.index.set_synonyms(redpoll_search::index::Synonyms::new(move |word, each| {
            synonyms.of(word).for_each(each);
        }));
        if !skip_scan {
            self.begin_scan(true);
        }
    }

    /// Walks all keys from the start; `renews`: those that are in the index, too.
    pub(super) fn begin_scan(&self, renews: bool) {
        *self.scan.lock() = Some(Arc::new(Scan::new(self.stripes, renews)));
    }

    /// Walks no further.
    pub(super) fn drop_scan(&self) {
        *self.scan.lock() = None;
    }

    /// The walk that is under way.
    pub(super) fn scan(&self) -> Option<Arc<Scan>> {
        self.scan.lock().clone()
    }

    /// Ends a walk, if it is still the one that counts.
    pub(super) fn end_scan(&self, ended: &Arc<Scan>) {
        let mut scan = self.scan.lock();
        if scan.as_ref().is_some_and(|scan| Arc::ptr_eq(scan, ended)) {
            *scan = None;
        }
    }

    /// Which part of the keys has been walked, if a walk is under way.
    pub fn scanned(&self) -> Option<f64> {
        self.scan().map(|scan| scan.progress())
    }

    pub(super) fn note_failure(&self, key: &[u8], reason: &str) {
        self.failures.fetch_add(1, Relaxed);
        *self.last_failure.lock() = Some(Failure { key: key.into(), reason: reason.to_owned() });
    }

    /// How many documents could not be indexed, and the last of them.
    pub fn failures(&self) -> (u64, Option<Failure>) {
        (self.failures.load(Relaxed), self.last_failure.lock().clone())
    }

    /// Notes that somebody uses it.
    pub fn use_now(&self, now: i64) {
        self.used.store(now, Relaxed);
        self.uses.fetch_add(1, Relaxed);
    }

    /// How often it was used.
    pub fn uses(&self) -> u64 {
        self.uses.load(Relaxed)
    }

    /// Whether it is temporary and has not been used for as long as it lives.
    pub(super) fn is_over(&self, now: i64) -> bool {
        let lives = self.index.schema().options().temporary_s;
        lives.is_some_and(|seconds| {
            let lives_ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
            now > self.used.load(Relaxed).saturating_add(lives_ms)
        })
    }
}
