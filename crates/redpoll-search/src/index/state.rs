//! What an index is made of at the moment, and how it changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ahash::RandomState;
use parking_lot::Mutex;

use super::head::Head;
use super::merge::DocMap;
use super::names::Names;
use super::part::{Part, PartView};
use super::postings::Format;
use super::segment::Segment;
use super::snapshot::{Pieces, Snapshot, locate};
use super::suffix::SuffixFields;
use super::tally::Tally;
use super::{bits::Deletes, new_head, policy};
use crate::query::FieldId;
use crate::schema::{FieldKind, Schema};
use crate::vector::{Slot, VectorIndex};

/// What an index is made of.
#[derive(Debug)]
pub struct State {
    pub schema: Arc<Schema>,
    /// In the order of their documents' ids. The last is the head that takes documents.
    parts: Vec<PartView>,
    pub vectors: Vec<(FieldId, Arc<VectorIndex>)>,
    next_id: u64,
    docs: u64,
    len_total: u64,
    /// How many changes there have been.
    stamp: u64,
    /// The snapshot of this moment, once somebody has asked.
    current: Option<Snapshot>,
    /// The parts that are being merged, by the ids of their first documents.
    busy: Vec<u64>,
    merges: Merges,
    /// The last change that [`rests`](Self::rests) has seen, and when.
    seen: Option<(u64, Instant)>,
    hasher: RandomState,
    /// For snapshots, which may ask for documents by name.
    names: Arc<Mutex<Names>>,
}

/// Parts to be merged.
#[derive(Debug)]
pub struct Job {
    /// The parts as they were when it was given out.
    pub views: Vec<PartView>,
    /// Columns of the schema.
    pub columns: usize,
    /// Of which terms the ends are indexed.
    pub suffix_fields: SuffixFields,
}

impl State {
    pub fn new(schema: Arc<Schema>, hasher: RandomState, names: Arc<Mutex<Names>>) -> Self {
        State {
            parts: vec![new_head(&schema, 0)],
            vectors: vectors_of(&schema, &[]),
            schema,
            next_id: 0,
            docs: 0,
            len_total: 0,
            stamp: 0,
            current: None,
            busy: Vec::new(),
            merges: Merges::default(),
            seen: None,
            hasher,
            names,
        }
    }

    pub fn set_schema(&mut self, schema: Arc<Schema>) {
        self.vectors = vectors_of(&schema, &self.vectors);
        self.schema = schema;
        self.seal();
        // A head without documents would keep the old format.
        let last = self.parts.len() - 1;
        self.parts[last] = new_head(&self.schema, self.next_id);
        self.changed();
    }

    pub fn clear(&mut self) {
        self.vectors = vectors_of(&self.schema, &[]);
        self.parts = vec![new_head(&self.schema, self.next_id)];
        (self.docs, self.len_total) = (0, 0);
        self.changed();
    }

    pub fn snapshot(&mut self) -> Snapshot {
        let make = || {
            Snapshot::new(Pieces {
                schema: Arc::clone(&self.schema),
                parts: self.parts.clone(),
                vectors: self.vectors.clone(),
                docs: self.docs,
                len_total: self.len_total,
                hasher: self.hasher.clone(),
                names: Arc::clone(&self.names),
                stamp: self.stamp,
            })
        };
        if let Some(current) = &self.current {
            return current.clone();
        }
        let snapshot = make();
        self.current = Some(snapshot.clone());
        snapshot
    }

    /// The id of the document of a name.
    pub fn find(&self, names: &Names, hash: u64, key: &[u8]) -> Option<u64> {
        names.get(hash, |id| {
            let address = locate(&self.parts, id);
            address.is_some_and(|at| self.parts[at.part as usize].key(at.doc) == key)
        })
    }

    /// The head that takes documents, and how many it has.
    pub fn head(&self) -> (Arc<Head>, u32) {
        let last = self.parts.last();
        match last.map(|view| (&view.part, view.docs)) {
            Some((Part::Head(head), docs)) => (Arc::clone(head), docs),
            _ => unreachable!("the last part is a head"),
        }
    }

    /// Lets the document be seen that the head has been given, in the place of `old`. Returns its
    /// id.
    pub fn publish(
        &mut self,
        len: u32,
        old: Option<u64>,
        vectors: &[(Arc<VectorIndex>, Slot)],
    ) -> u64 {
        old.into_iter().for_each(|old| self.delete(old));
        let id = self.next_id;
        vectors.iter().for_each(|(index, slot)| self.publish_vector(index, *slot, id));
        self.next_id += 1;
        self.docs += 1;
        self.len_total += u64::from(len);
        if let Some(last) = self.parts.last_mut() {
            last.docs += 1;
        }
        self.changed();
        id
    }

    /// Lets a vector be found. The index that it was added to may have been replaced meanwhile.
    fn publish_vector(&self, index: &Arc<VectorIndex>, slot: Slot, id: u64) {
        if self.vectors.iter().any(|(_, now)| Arc::ptr_eq(now, index)) {
            return index.publish(slot, id);
        }
        let now = self.vectors.iter().find(|(_, now)| now.descends_from(index));
        if let (Some((_, now)), Some(vector)) = (now, index.vector(slot)) {
            now.publish(now.add(vector.clone()), id);
        }
    }

    /// Deletes a document that is there.
    pub fn delete(&mut self, id: u64) {
        let Some(address) = locate(&self.parts, id) else { return };
        let view = &mut self.parts[address.part as usize];
        self.len_total -= u64::from(view.len(address.doc));
        self.docs -= 1;
        Arc::make_mut(&mut view.deletes).insert(address.doc);
        self.vectors.iter().for_each(|(_, index)| index.note_deletion(id));
        self.changed();
    }

    /// Lets the head take no more documents, if it has any.
    pub fn seal(&mut self) {
        if self.parts.last().is_some_and(|last| last.docs > 0) {
            self.parts.push(new_head(&self.schema, self.next_id));
            self.changed();
        }
    }

    /// Full heads that are not segments yet.
    pub fn full_heads(&self) -> usize {
        let heads = self.parts.iter().filter(|view| matches!(view.part, Part::Head(_)));
        heads.count() - 1
    }

    /// Parts to be merged, which nobody else will be given until the job is finished.
    pub fn next_job(&mut self) -> Option<Job> {
        let range = policy::choose(&self.parts, |view| self.busy.contains(&view.first_id()))?;
        Some(self.job(range))
    }

    /// Whether nothing has changed for so long, as far as it is asked.
    pub fn rests(&mut self, long: Duration) -> bool {
        match self.seen {
            Some((stamp, since)) if stamp == self.stamp => since.elapsed() >= long,
            _ => {
                self.seen = Some((self.stamp, Instant::now()));
                long.is_zero()
            }
        }
    }

    /// Small parts that are to be one while nothing changes.
    pub fn tidy_job(&mut self) -> Option<Job> {
        let range = policy::tidy(&self.parts, |view| self.busy.contains(&view.first_id()))?;
        Some(self.job(range))
    }

    /// All parts but the head that takes documents, if none is being merged and it would change
    /// anything.
    pub fn job_of_all(&mut self) -> Option<Job> {
        let last = self.parts.len() - 1;
        let done = match &self.parts[..last] {
            [] => true,
            [one] => matches!(one.part, Part::Segment(_)) && one.deletes.count() == 0,
            _ => false,
        };
        (self.busy.is_empty() && !done).then(|| self.job(0..last))
    }

    fn job(&mut self, range: std::ops::Range<usize>) -> Job {
        let views = self.parts[range].to_vec();
        self.busy.extend(views.iter().map(PartView::first_id));
        let suffix_fields = SuffixFields::new(&self.schema);
        Job { views, columns: self.schema.columns().len(), suffix_fields }
    }

    /// Takes a job back that nobody has done.
    pub fn give_up(&mut self, job: &Job) {
        self.busy.retain(|first| !job.views.iter().any(|view| view.first_id() == *first));
    }

    /// Puts the segment in the place of the parts that it was made of, in so many nanoseconds. What
    /// was deleted meanwhile is deleted in it.
    pub fn finish(&mut self, job: &Job, segment: Segment, maps: &[DocMap], nanos: u64) {
        self.give_up(job);
        let before: usize = job.views.iter().map(PartView::heap_bytes).sum();
        self.merges.note(nanos, before.saturating_sub(segment.heap_bytes()));
        let Some(first) = job.views.first().map(PartView::first_id) else { return };
        let start = self.parts.iter().position(|view| view.first_id() == first);
        // There are no such parts if all documents have been deleted at once.
        let Some(start) = start.filter(|start| self.are_at(*start, &job.views)) else { return };
        let end = start + job.views.len();
        let mut deletes = Deletes::default();
        for (index, view) in self.parts[start..end].iter().enumerate() {
            let before = &job.views[index].deletes;
            if Arc::ptr_eq(&view.deletes, before) {
                continue;
            }
            view.deletes.for_each_since(before, |doc| {
                if let Some(place) = maps[index].get(doc) {
                    deletes.insert(place);
                }
            });
        }
        let merged = (segment.docs > 0).then(|| PartView::of_segment(Arc::new(segment), deletes));
        self.parts.splice(start..end, merged);
        self.changed();
    }

    fn are_at(&self, start: usize, views: &[PartView]) -> bool {
        let Some(parts) = self.parts.get(start..start + views.len()) else { return false };
        parts.iter().zip(views).all(|(a, b)| match (&a.part, &b.part) {
            (Part::Head(a), Part::Head(b)) => Arc::ptr_eq(a, b),
            (Part::Segment(a), Part::Segment(b)) => Arc::ptr_eq(a, b),
            _ => false,
        })
    }

    /// Puts another index of vectors in the place of one, if it is still there.
    pub fn replace_vectors(&mut self, field: FieldId, old: &Arc<VectorIndex>, new: VectorIndex) {
        let found = self.vectors.iter_mut().find(|(id, now)| *id == field && Arc::ptr_eq(now, old));
        if let Some((_, index)) = found {
            *index = Arc::new(new);
            self.changed();
        }
    }

    /// How many changes there have been.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// What cannot be seen of a snapshot.
    pub fn counts(&self) -> Statistics {
        Statistics {
            id_max: self.next_id,
            merges: self.merges,
            merging: self.busy.len() as u64,
            ..Statistics::default()
        }
    }

    fn changed(&mut self) {
        self.stamp += 1;
        self.current = None;
    }
}

/// The format of the lists of words.
pub fn format_of(schema: &Schema) -> Format {
    let options = schema.options();
    let masks = schema.text_fields() > 1 && !options.no_fields;
    let one_field = schema.text_fields() == 1 && !options.no_fields;
    Format {
        freqs: !options.no_frequencies,
        masks,
        positions: !options.no_offsets,
        implied_mask: if one_field { 1 } else { u128::MAX },
    }
}

/// An index for each vector field; those that there are stay.
fn vectors_of(
    schema: &Schema,
    there: &[(FieldId, Arc<VectorIndex>)],
) -> Vec<(FieldId, Arc<VectorIndex>)> {
    let one = |(index, field): (usize, &crate::schema::Field)| {
        let FieldKind::Vector(options) = &field.kind else { return None };
        let id = FieldId(index as u16);
        let old = there.iter().find(|(other, _)| *other == id).map(|(_, old)| Arc::clone(old));
        Some((id, old.unwrap_or_else(|| Arc::new(VectorIndex::new(*options)))))
    };
    schema.fields().iter().enumerate().filter_map(one).collect()
}

/// What merging has done and taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merges {
    /// How many there have been.
    pub total: u64,
    /// Their time, in nanoseconds.
    pub nanos: u64,
    /// That of the last of them.
    pub last_nanos: u64,
    /// Bytes that parts have become smaller by.
    pub bytes: u64,
}

impl Merges {
    fn note(&mut self, nanos: u64, bytes: usize) {
        self.total += 1;
        self.nanos += nanos;
        self.last_nanos = nanos;
        self.bytes += bytes as u64;
    }
}

/// Figures of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Documents.
    pub docs: u64,
    /// The highest id given out.
    pub id_max: u64,
    /// Terms, those of several parts counted once for each.
    pub terms: u64,
    /// Words of all documents.
    pub words: u64,
    /// Parts that are segments.
    pub segments: u64,
    /// Parts that are heads.
    pub heads: u64,
    /// Documents that are deleted and still take memory.
    pub deleted: u64,
    /// What there is of terms and lists.
    pub tally: Tally,
    /// Merges since the index was made.
    pub merges: Merges,
    /// Parts that are being merged.
    pub merging: u64,
    /// Bytes of what is kept of documents besides terms.
    pub doc_bytes: u64,
    /// Those of them that are values to sort and to compare by.
    pub column_bytes: u64,
    /// Bytes of shapes.
    pub shape_bytes: u64,
    /// Time that taking documents apart and adding them has taken, of all threads together, in
    /// nanoseconds.
    pub indexing_nanos: u64,
    /// Bytes of the table of names.
    pub key_bytes: u64,
    /// Bytes of vectors.
    pub vector_bytes: u64,
    /// Bytes of all.
    pub bytes: u64,
}

impl Statistics {
    /// Figures of a snapshot, to which `counts` of the same moment are added.
    pub(super) fn new(snapshot: &Snapshot, counts: Statistics, key_bytes: usize) -> Self {
        let mut figures = Statistics {
            docs: snapshot.docs(),
            words: snapshot.len_total(),
            key_bytes: key_bytes as u64,
            ..counts
        };
        for view in snapshot.parts() {
            figures.bytes += view.heap_bytes() as u64;
            figures.tally += view.tally();
            figures.deleted += u64::from(view.deletes.count());
            match &view.part {
                Part::Head(head) => {
                    figures.heads += 1;
                    figures.terms += head.terms_len() as u64;
                    figures.doc_bytes += head.doc_bytes() as u64;
                }
                Part::Segment(segment) => {
                    figures.segments += 1;
                    figures.terms += segment.dict.len() as u64;
                    figures.doc_bytes += segment.table.heap_bytes() as u64;
                    figures.column_bytes += segment.table.column_bytes() as u64;
                    figures.shape_bytes += segment.shape_bytes() as u64;
                }
            }
        }
        for (_, vectors) in snapshot.all_vectors() {
            figures.vector_bytes += vectors.heap_bytes() as u64;
        }
        figures.bytes += figures.key_bytes + figures.vector_bytes;
        figures
    }
}
