//! A part of an index as a snapshot sees it: a head or a segment, of which some documents are
//! deleted and some may not exist yet.

use std::sync::Arc;

use super::bits::Deletes;
use super::dict::TermInfo;
use super::head::Head;
use super::postings::{Postings, Scan};
use super::segment::Segment;
use super::tally::Tally;
use crate::document::ValueRef;
use crate::query::FieldId;
use crate::shape::Shape;

/// A head or a segment.
#[derive(Debug, Clone)]
pub enum Part {
    /// A head, the current one or one that takes no more documents.
    Head(Arc<Head>),
    /// A segment.
    Segment(Arc<Segment>),
}

/// A part at one moment.
#[derive(Debug, Clone)]
pub struct PartView {
    /// The part.
    pub part: Part,
    /// How many documents it had, deleted ones included.
    pub docs: u32,
    /// Which were deleted.
    pub deletes: Arc<Deletes>,
}

impl PartView {
    /// A head without documents.
    pub fn of_head(head: Arc<Head>) -> Self {
        PartView { part: Part::Head(head), docs: 0, deletes: Arc::default() }
    }

    /// A segment of which these documents are deleted.
    pub fn of_segment(segment: Arc<Segment>, deletes: Deletes) -> Self {
        PartView { docs: segment.docs, part: Part::Segment(segment), deletes: Arc::new(deletes) }
    }

    /// How many terms it has.
    pub fn terms(&self) -> usize {
        match &self.part {
            Part::Head(head) => head.terms_len(),
            Part::Segment(segment) => segment.dict.len(),
        }
    }

    /// The id of the first document, or of the first that a head will take.
    pub fn first_id(&self) -> u64 {
        match &self.part {
            Part::Head(head) => head.first_id(),
            Part::Segment(segment) => segment.table.ids.first(),
        }
    }

    /// How many documents are not deleted.
    pub fn live(&self) -> u32 {
        self.docs - self.deletes.count()
    }

    /// Whether a document is there.
    #[inline]
    pub fn is_live(&self, doc: u32) -> bool {
        doc < self.docs && !self.deletes.contains(doc)
    }

    /// The place of a document's id.
    pub fn place(&self, id: u64) -> Option<u32> {
        let place = match &self.part {
            Part::Head(head) => u32::try_from(id.checked_sub(head.first_id())?).ok(),
            Part::Segment(segment) => segment.table.ids.place(id),
        };
        place.filter(|doc| *doc < self.docs)
    }

    /// The id of a document.
    pub fn id(&self, doc: u32) -> u64 {
        match &self.part {
            Part::Head(head) => head.first_id() + u64::from(doc),
            Part::Segment(segment) => segment.table.ids.id(doc),
        }
    }

    /// A document's name.
    pub fn key(&self, doc: u32) -> &[u8] {
        match &self.part {
            Part::Head(head) => head.record(doc).map_or(&[], |record| &record.key),
            Part::Segment(segment) => segment.table.key(doc),
        }
    }

    /// A document's own score.
    pub fn score(&self, doc: u32) -> f32 {
        match &self.part {
            Part::Head(head) => head.record(doc).map_or(1.0, |record| record.score),
            Part::Segment(segment) => segment.table.score(doc),
        }
    }

    /// A document's length.
    #[inline]
    pub fn len(&self, doc: u32) -> u32 {
        match &self.part {
            Part::Head(head) => head.record(doc).map_or(0, |record| record.len),
            Part::Segment(segment) => segment.table.lens.get(doc as usize) as u32,
        }
    }

    /// The frequency of a document's most frequent term.
    pub fn freq_max(&self, doc: u32) -> u32 {
        match &self.part {
            Part::Head(head) => head.record(doc).map_or(0, |record| record.freq_max),
            Part::Segment(segment) => segment.table.freq_maxes.get(doc as usize) as u32,
        }
    }

    /// A document's payload.
    pub fn payload(&self, doc: u32) -> Option<&[u8]> {
        match &self.part {
            Part::Head(head) => head.record(doc)?.payload.as_deref(),
            Part::Segment(segment) => segment.table.payload(doc),
        }
    }

    /// A document's value in a column.
    pub fn value(&self, column: usize, doc: u32) -> ValueRef<'_> {
        match &self.part {
            Part::Head(head) => {
                let value = head.record(doc).and_then(|record| record.values.get(column));
                value.map_or(ValueRef::None, |value| value.borrow())
            }
            Part::Segment(segment) => segment.table.value(column, doc),
        }
    }

    /// What is known of a term, if any document has it, deleted ones included. `hash` is that of
    /// its key. For a head it is the number of documents only.
    pub fn find(&self, key: &[u8], hash: u64) -> Option<TermInfo> {
        match &self.part {
            Part::Head(head) => {
                let count = head.count(key, hash, self.docs);
                (count > 0).then(|| TermInfo { count, ..TermInfo::default() })
            }
            Part::Segment(segment) => segment.dict.get(key),
        }
    }

    /// The list of a term that [`find`](Self::find) has found. `positions` says whether somebody
    /// will ask where the term stands.
    pub fn postings(
        &self,
        key: &[u8],
        hash: u64,
        info: &TermInfo,
        positions: bool,
    ) -> Option<Postings<'_>> {
        match &self.part {
            Part::Head(head) => head.postings(key, hash, self.docs),
            Part::Segment(segment) => {
                let (bytes, format) = segment.list(key, info);
                Some(match positions {
                    true => Postings::new(bytes, format, info.count),
                    false => Postings::without_positions(bytes, format, info.count),
                })
            }
        }
    }

    /// The same list, to be gone through once. `mask` says in one of which fields the term must
    /// stand; none if it does not matter.
    pub fn scan(
        &self,
        key: &[u8],
        hash: u64,
        info: &TermInfo,
        mask: Option<u128>,
    ) -> Option<Scan<'_>> {
        match &self.part {
            Part::Head(head) => head.scan(key, hash, self.docs, mask),
            Part::Segment(segment) => {
                let (bytes, format) = segment.list(key, info);
                Some(Scan::new(bytes, format, info.count, mask))
            }
        }
    }

    /// Whether all documents' own scores are 1.
    pub fn scores_are_one(&self) -> bool {
        match &self.part {
            Part::Head(head) => head.scores_are_one(),
            Part::Segment(segment) => segment.table.scores.is_none(),
        }
    }

    /// The shapes of a field with their documents, in ascending order.
    pub fn for_each_shape<'a>(&'a self, field: FieldId, mut each: impl FnMut(u32, &'a Arc<Shape>)) {
        match &self.part {
            Part::Head(head) => {
                for doc in 0..self.docs {
                    let shapes = head.record(doc).map_or(&[][..], |record| &record.shapes);
                    let own = shapes.iter().find(|(id, _)| *id == field);
                    own.into_iter().for_each(|(_, shape)| each(doc, shape));
                }
            }
            Part::Segment(segment) => {
                let columns = segment.shapes.iter().filter(|column| column.field == field);
                columns.flat_map(|c| &c.shapes).for_each(|(doc, shape)| each(*doc, shape));
            }
        }
    }

    /// What there is of terms and lists.
    pub fn tally(&self) -> Tally {
        match &self.part {
            Part::Head(head) => head.tally(),
            Part::Segment(segment) => segment.tally,
        }
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        let part = match &self.part {
            Part::Head(head) => head.heap_bytes(),
            Part::Segment(segment) => segment.heap_bytes(),
        };
        part + self.deletes.heap_bytes()
    }
}
