//! One index, and where it stands.

use super::Name;
use super::arguments::Words;
use super::definition::{Definition, DefinitionError, Filter};
use super::fields;
use super::scan::Scan;
use parking_lot::{Mutex, RwLock};
use redpoll_search::Index;
use redpoll_search::query::{Dialect, FieldId};
use redpoll_search::schema::Schema;
use redpoll_search::synonym::{SynonymError, Synonyms};
use std::collections::BTreeMap;
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
    failures: Mutex<Failures>,
    /// How often it was searched in each dialect.
    dialects: [AtomicU64; 4],
    /// When it was last used, in milliseconds since 1970.
    used: AtomicI64,
    /// How often it was used.
    uses: AtomicU64,
}

/// What a document may say of itself in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpecialFields {
    /// Its score.
    pub score: bool,
    /// Its language.
    pub language: bool,
    /// Its payload.
    pub payload: bool,
}

impl SpecialFields {
    /// The usual names of these fields.
    pub const SCORE: &[u8] = b"__score";
    /// See `SCORE`.
    pub const LANGUAGE: &[u8] = b"__language";
    /// See `SCORE`.
    pub const PAYLOAD: &[u8] = b"__payload";
}

/// Documents that could not be indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// All of them.
    pub all: FailureCount,
    /// Those because of each field.
    pub fields: BTreeMap<FieldId, FailureCount>,
}

/// How many documents could not be indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailureCount {
    /// How many.
    pub count: u64,
    /// The last of them.
    pub last: Option<Failure>,
}

impl FailureCount {
    fn note(&mut self, failure: &Failure) {
        self.count += 1;
        self.last = Some(failure.clone());
    }
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
            failures: Mutex::default(),
            dialects: Default::default(),
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

    /// Lets documents say more of themselves in fields of the usual names, unless there are fields
    /// for that. Those that are there stay as they are.
    pub fn add_special_fields(&self, wanted: SpecialFields) {
        let mut words = self.words.write();
        let schema = self.index.schema();
        let mut options = schema.options().clone();
        let all = [
            (wanted.score, &mut options.score_field, "SCORE_FIELD", SpecialFields::SCORE),
            (
                wanted.language,
                &mut options.language_field,
                "LANGUAGE_FIELD",
                SpecialFields::LANGUAGE,
            ),
            (wanted.payload, &mut options.payload_field, "PAYLOAD_FIELD", SpecialFields::PAYLOAD),
        ];
        let mut changed = false;
        for (wanted, field, option, name) in all {
            if wanted && field.is_none() {
                *field = Some(name.to_vec());
                words.splice(1..1, [option.as_bytes().into(), name.into()]);
                changed = true;
            }
        }
        if changed {
            self.index.set_schema(schema.with_options(options));
        }
    }

    /// The synonyms.
    pub fn synonyms(&self) -> Arc<Synonyms> {
        Arc::clone(&self.synonyms.read())
    }

    /// Adds words to a group of synonyms; documents that are there get them by and by, unless
    /// `skip_scan`.
    ///
    /// # Errors
    /// If they would be too many.
    pub fn add_synonyms(
        &self,
        group: &[u8],
        words: &[&[u8]],
        skip_scan: bool,
    ) -> Result<(), SynonymError> {
        let synonyms = {
            let mut current = self.synonyms.write();
            Arc::make_mut(&mut current).update(group, words.iter().copied())?;
            Arc::clone(&current)
        };
        self.index.set_synonyms(redpoll_search::index::Synonyms::new(move |word, each| {
            synonyms.of(word).for_each(each);
        }));
        if !skip_scan {
            self.begin_scan(true);
        }
        Ok(())
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

    pub(super) fn note_failure(&self, field: Option<FieldId>, failure: &Failure) {
        let mut failures = self.failures.lock();
        failures.all.note(failure);
        if let Some(field) = field {
            failures.fields.entry(field).or_default().note(failure);
        }
    }

    /// Documents that could not be indexed.
    pub fn failures(&self) -> Failures {
        self.failures.lock().clone()
    }

    /// Notes that it is searched in a dialect.
    pub fn note_dialect(&self, dialect: Dialect) {
        self.dialects[dialect.number() as usize - 1].fetch_add(1, Relaxed);
    }

    /// How often it was searched in each dialect.
    pub fn dialects(&self) -> [u64; 4] {
        self.dialects.each_ref().map(|count| count.load(Relaxed))
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
