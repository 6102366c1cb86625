//! The index itself: a mutable head, immutable segments, and the snapshots that queries run on.
//!
//! ```text
//!   older documents                                             newer documents
//!   [ segment          ][ segment ][ segment ][ full head ][ head ]
//!                                                             ^ documents are added here
//! ```
//!
//! Documents are numbered as they come, and parts hold neighbouring numbers. A document that
//! changes is deleted where it was, by a bit, and added anew. Parts are merged in the background:
//! full heads become segments, and small segments larger ones. A snapshot is the list of parts
//! with, for each, how many documents it had and which were deleted: so a query sees one state, and
//! asks nobody.

pub(crate) mod bits;
pub(crate) mod dict;
mod head;
mod keys;
mod merge;
mod names;
pub(crate) mod packed;
pub(crate) mod part;
mod policy;
pub(crate) mod postings;
mod segment;
mod snapshot;
mod state;
pub(crate) mod suffix;
mod synonyms;
mod tally;
pub(crate) mod varint;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use ahash::RandomState;
use parking_lot::{Mutex, RwLock};

use crate::document::{Document, DocumentError, Prepared, Preparer};
use crate::query::FieldId;
use crate::schema::Schema;
use crate::vector::{Slot, VectorIndex};
use head::Head;
use names::Names;
use part::PartView;
pub use snapshot::{DocAddress, Snapshot};
use state::State;
pub use state::{Merges, Statistics};
pub(crate) use synonyms::GroupsOf;
pub use synonyms::Synonyms;
pub use tally::Tally;

/// A search index.
///
/// All methods may be called from any thread. Writers take turns for a few microseconds a document,
/// after they have analysed it side by side; queries run on snapshots and wait for nobody.
#[derive(Debug)]
pub struct Index {
    hasher: RandomState,
    /// Held while a document is added or deleted, and while a merge takes effect. Before `state`.
    writer: Arc<Mutex<Names>>,
    /// What snapshots are made of. Held for less than a microsecond at a time.
    state: Mutex<State>,
    preparers: Mutex<Vec<Preparer>>,
    synonyms: RwLock<Arc<Synonyms>>,
    /// See [`Statistics::indexing_nanos`].
    indexing_nanos: AtomicU64,
    /// Heads that take no more documents and are not segments yet.
    full_heads: AtomicUsize,
    /// Bytes of the parts that are being merged.
    merging_bytes: AtomicUsize,
}

/// So many full heads may wait to be merged: what is merged at once is taken from them.
const HEADS_MAX: usize = 10;

/// Fewer documents than this stay in a head: they are searched as quickly there.
const TIDY_HEAD: u32 = 256;

/// A document that is ready to be added.
#[derive(Debug)]
pub struct Ready {
    prepared: Prepared,
    schema: Arc<Schema>,
    synonyms: Arc<Synonyms>,
}

/// What a writing call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There was no document of this name.
    Added,
    /// There was one.
    Replaced,
}

impl Index {
    /// An empty index of this definition.
    pub fn new(schema: Schema) -> Self {
        let hasher = RandomState::new();
        let writer: Arc<Mutex<Names>> = Arc::default();
        let state = State::new(Arc::new(schema), hasher.clone(), Arc::clone(&writer));
        Index {
            state: Mutex::new(state),
            hasher,
            writer,
            preparers: Mutex::default(),
            synonyms: RwLock::default(),
            indexing_nanos: AtomicU64::new(0),
            full_heads: AtomicUsize::new(0),
            merging_bytes: AtomicUsize::new(0),
        }
    }

    /// The definition.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.state.lock().schema)
    }

    /// Puts a definition with more fields in the place of the old one. Documents that are there do
    /// not have the new fields until they are put again.
    pub fn set_schema(&self, schema: Schema) {
        let _writer = self.writer.lock();
        let mut state = self.state.lock();
        state.set_schema(Arc::new(schema));
        self.count_heads(&state);
    }

    /// Which groups of synonyms words belong to, for documents from now on.
    pub fn set_synonyms(&self, synonyms: Synonyms) {
        *self.synonyms.write() = Arc::new(synonyms);
    }

    /// Does what takes long of [`put`](Self::put), and needs no order among writers: takes the
    /// document's texts apart. What comes of it is added by [`add`](Self::add).
    ///
    /// # Errors
    /// As for [`put`](Self::put), but the document of this name is still what it was.
    pub fn prepare(&self, document: &Document<'_>) -> Result<Ready, DocumentError> {
        let start = Instant::now();
        let (schema, synonyms) = (self.schema(), Arc::clone(&self.synonyms.read()));
        let prepared = self.take_apart(document, &schema, &synonyms);
        self.note_time(start);
        Ok(Ready { prepared: prepared?, schema, synonyms })
    }

    /// Adds what was prepared, as [`put`](Self::put) does. None if the definition of the index is
    /// another one by now, so that the document must be put again.
    pub fn add(&self, ready: Ready) -> Option<Change> {
        let Ready { prepared, schema, synonyms } = ready;
        if !Arc::ptr_eq(&synonyms, &self.synonyms.read()) {
            return None;
        }
        let start = Instant::now();
        let change = self.append(prepared, &schema)?;
        self.note_time(start);
        Some(change)
    }

    fn note_time(&self, start: Instant) {
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.indexing_nanos.fetch_add(nanos, Relaxed);
    }

    /// Adds a document, or replaces the one of its name. A search that begins when this returns
    /// sees it.
    ///
    /// # Errors
    /// If a value does not fit its field. Then there is no document of this name any more: what the
    /// index would show is not what the document says.
    pub fn put(&self, document: &Document<'_>) -> Result<Change, DocumentError> {
        loop {
            let ready = match self.prepare(document) {
                Ok(ready) => ready,
                Err(error) => {
                    self.delete(document.key);
                    return Err(error);
                }
            };
            if let Some(change) = self.add(ready) {
                return Ok(change);
            }
            // The definition has changed meanwhile.
        }
    }

    /// Deletes the document of a name. Says whether there was one.
    pub fn delete(&self, key: &[u8]) -> bool {
        let hash = self.hasher.hash_one(key);
        let mut names = self.writer.lock();
        let mut state = self.state.lock();
        let Some(id) = state.find(&names, hash, key) else { return false };
        state.delete(id);
        names.remove(hash, id, state.stamp());
        true
    }

    /// Whether there is a document of this name.
    pub fn contains(&self, key: &[u8]) -> bool {
        let hash = self.hasher.hash_one(key);
        let names = self.writer.lock();
        self.state.lock().find(&names, hash, key).is_some()
    }

    /// Deletes all documents.
    pub fn clear(&self) {
        let mut names = self.writer.lock();
        let mut state = self.state.lock();
        state.clear();
        names.clear(state.stamp());
        self.count_heads(&state);
    }

    /// The index as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.state.lock().snapshot()
    }

    /// Figures for INFO.
    pub fn statistics(&self) -> Statistics {
        let keys = self.writer.lock().heap_bytes();
        let (snapshot, counts) = {
            let mut state = self.state.lock();
            (state.snapshot(), state.counts())
        };
        let indexing_nanos = self.indexing_nanos.load(Relaxed);
        Statistics { indexing_nanos, ..Statistics::new(&snapshot, counts, keys) }
    }

    /// Does one piece of background work, if there is any: makes a segment of full heads, or one of
    /// several, or sheds deleted vectors. To be called by threads that have nothing better to do,
    /// any number of them; it may take seconds. Says whether there was work.
    pub fn maintain(&self) -> bool {
        let job = self.state.lock().next_job();
        match job {
            Some(job) => {
                self.run(&job);
                true
            }
            None => self.maintain_vectors(),
        }
    }

    /// Does one piece of work that makes searches quicker, if nothing has changed for so long:
    /// makes a segment of what the head has, or one of small ones. To be called by who has nothing
    /// to [`maintain`](Self::maintain), again and again. Says whether there was work.
    pub fn tidy(&self, rest: Duration) -> bool {
        let job = {
            let _writer = self.writer.lock();
            let mut state = self.state.lock();
            if !state.rests(rest) {
                return false;
            }
            if state.head().1 >= TIDY_HEAD {
                state.seal();
                self.count_heads(&state);
            }
            state.next_job().or_else(|| state.tidy_job())
        };
        job.as_ref().inspect(|job| self.run(job)).is_some()
    }

    /// How many full heads wait to be merged beyond what is usual: documents are put faster than
    /// [`maintain`](Self::maintain) is called. Who puts them should wait, or call it, as searches
    /// become slower with every head.
    pub fn backlog(&self) -> usize {
        self.full_heads.load(Relaxed).saturating_sub(HEADS_MAX)
    }

    /// Bytes of the parts that are being merged: about what merges take for a while at most.
    pub fn merging_bytes(&self) -> usize {
        self.merging_bytes.load(Relaxed)
    }

    /// Whether [`maintain`](Self::maintain) would find work.
    pub fn needs_maintenance(&self) -> bool {
        let mut state = self.state.lock();
        let job = state.next_job();
        let needed = job.is_some();
        job.into_iter().for_each(|job| state.give_up(&job));
        needed || state.vectors.iter().any(|(_, vectors)| vectors.needs_rebuild())
    }

    /// Lets the documents that are there become a segment, few as they may be.
    pub fn seal(&self) {
        let _writer = self.writer.lock();
        let mut state = self.state.lock();
        state.seal();
        self.count_heads(&state);
    }

    /// Makes one segment of all documents, as far as nobody else merges.
    pub fn optimize(&self) {
        self.seal();
        while self.maintain() {}
        let job = self.state.lock().job_of_all();
        job.into_iter().for_each(|job| self.run(&job));
    }

    fn take_apart(
        &self,
        document: &Document<'_>,
        schema: &Schema,
        synonyms: &Synonyms,
    ) -> Result<Prepared, DocumentError> {
        let preparer = self.preparers.lock().pop();
        let mut preparer = preparer.unwrap_or_else(|| Preparer::new(self.hasher.clone()));
        let format = state::format_of(schema);
        let prepared =
            preparer.prepare(document, schema, format, &|word, each| synonyms.groups(word, each));
        self.preparers.lock().push(preparer);
        prepared
    }

    /// Adds a document. None if the definition is another one by now.
    fn append(&self, mut prepared: Prepared, schema: &Arc<Schema>) -> Option<Change> {
        let hash = self.hasher.hash_one(&*prepared.record.key);
        let slots = self.add_vectors(std::mem::take(&mut prepared.vectors));
        let len = prepared.record.len;
        let mut names = self.writer.lock();
        let (head, docs, old) = {
            let state = self.state.lock();
            if !Arc::ptr_eq(&state.schema, schema) {
                return None;
            }
            let (head, docs) = state.head();
            (head, docs, state.find(&names, hash, &prepared.record.key))
        };
        let takes_more = head.push(docs, prepared);
        let mut state = self.state.lock();
        let id = state.publish(len, old, &slots);
        if !takes_more {
            state.seal();
            self.count_heads(&state);
        }
        match old {
            Some(old) => names.replace(hash, old, id, state.stamp()),
            None => names.insert(hash, id),
        }
        drop(state);
        Some(if old.is_some() { Change::Replaced } else { Change::Added })
    }

    /// Puts vectors where searches find them, but as of no document yet.
    fn add_vectors(
        &self,
        vectors: Vec<(FieldId, crate::vector::Vector)>,
    ) -> Vec<(Arc<VectorIndex>, Slot)> {
        if vectors.is_empty() {
            return Vec::new();
        }
        let indexes = self.state.lock().vectors.clone();
        let one = |(field, vector)| {
            let (_, index) = indexes.iter().find(|(id, _)| *id == field)?;
            Some((Arc::clone(index), index.add(vector)))
        };
        vectors.into_iter().filter_map(one).collect()
    }

    fn count_heads(&self, state: &State) {
        self.full_heads.store(state.full_heads(), Relaxed);
    }

    fn run(&self, job: &state::Job) {
        let begun = Instant::now();
        let bytes = job.views.iter().map(PartView::heap_bytes).sum();
        self.merging_bytes.fetch_add(bytes, Relaxed);
        let (segment, maps) = merge::merge(&job.views, job.columns, &job.suffix_fields);
        let nanos = begun.elapsed().as_nanos() as u64;
        let _writer = self.writer.lock();
        let mut state = self.state.lock();
        state.finish(job, segment, &maps, nanos);
        self.count_heads(&state);
        self.merging_bytes.fetch_sub(bytes, Relaxed);
    }

    fn maintain_vectors(&self) -> bool {
        let indexes = self.state.lock().vectors.clone();
        let Some((field, old)) = indexes.into_iter().find(|(_, index)| index.needs_rebuild())
        else {
            return false;
        };
        let Some(new) = old.rebuild(&self.snapshot()) else { return false };
        // What has come since is added while writers wait; it is little.
        let _writer = self.writer.lock();
        let mut state = self.state.lock();
        let snapshot = state.snapshot();
        old.complete(&new, &snapshot);
        state.replace_vectors(field, &old, new);
        true
    }
}

/// A head of the format that the schema asks for.
fn new_head(schema: &Schema, first_id: u64) -> PartView {
    PartView::of_head(Arc::new(Head::new(state::format_of(schema), first_id)))
}
