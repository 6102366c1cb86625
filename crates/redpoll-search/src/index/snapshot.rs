//! An index at one moment.

use std::collections::HashSet;
use std::sync::Arc;

use ahash::RandomState;
use parking_lot::Mutex;

use super::names::Names;
use super::part::PartView;
use crate::document::ValueRef;
use crate::query::FieldId;
use crate::schema::{ColumnKind, Schema};
use crate::vector::VectorIndex;

/// An index at one moment: nothing that is written later is seen, and nothing that was there goes
/// away.
///
/// It costs as little as its parts are few, and may be held as long as need be: it keeps alive what
/// it shows.
#[derive(Debug, Clone)]
pub struct Snapshot(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    schema: Arc<Schema>,
    parts: Vec<PartView>,
    vectors: Vec<(FieldId, Arc<VectorIndex>)>,
    docs: u64,
    len_total: u64,
    hasher: RandomState,
    names: Arc<Mutex<Names>>,
    stamp: u64,
}

/// A document of a snapshot: by part, and by place in it. In the order of the documents' ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocAddress {
    /// Which part of the snapshot.
    pub part: u32,
    /// Which document of the part.
    pub doc: u32,
}

/// So much has changed since the snapshot was taken that it is not known any more what a name
/// meant.
struct TooLong;

/// What a snapshot is made of.
#[derive(Debug)]
pub(super) struct Pieces {
    pub schema: Arc<Schema>,
    pub parts: Vec<PartView>,
    pub vectors: Vec<(FieldId, Arc<VectorIndex>)>,
    pub docs: u64,
    pub len_total: u64,
    pub hasher: RandomState,
    pub names: Arc<Mutex<Names>>,
    pub stamp: u64,
}

impl Snapshot {
    pub(super) fn new(pieces: Pieces) -> Self {
        let Pieces { schema, parts, vectors, docs, len_total, hasher, names, stamp } = pieces;
        let inner = Inner { schema, parts, vectors, docs, len_total, hasher, names, stamp };
        Snapshot(Arc::new(inner))
    }

    /// The definition of the index.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// How many documents there are.
    pub fn docs(&self) -> u64 {
        self.0.docs
    }

    /// How many terms there are, those of several parts counted once for each.
    pub fn terms_len(&self) -> usize {
        self.parts().iter().map(PartView::terms).sum()
    }

    /// The mean length of a document.
    pub fn len_mean(&self) -> f64 {
        if self.0.docs == 0 { 0.0 } else { self.0.len_total as f64 / self.0.docs as f64 }
    }

    /// The sum of all documents' lengths.
    pub fn len_total(&self) -> u64 {
        self.0.len_total
    }

    /// How many changes the index has seen. Two snapshots of the same number are the same.
    pub fn stamp(&self) -> u64 {
        self.0.stamp
    }

    /// The name of a document.
    pub fn key(&self, address: DocAddress) -> &[u8] {
        self.part(address.part).map_or(&[], |part| part.key(address.doc))
    }

    /// A document's own score.
    pub fn doc_score(&self, address: DocAddress) -> f32 {
        self.part(address.part).map_or(1.0, |part| part.score(address.doc))
    }

    /// A document's payload.
    pub fn payload(&self, address: DocAddress) -> Option<&[u8]> {
        self.part(address.part)?.payload(address.doc)
    }

    /// What a document is sorted by, if the field is sortable: a number, or a byte string, in lower
    /// case if the definition does not say otherwise.
    pub fn sort_value(&self, address: DocAddress, field: FieldId) -> ValueRef<'_> {
        let column = self.sort_column(field);
        column.map_or(ValueRef::None, |column| self.column_value(address, column))
    }

    /// A document's value in a column.
    #[inline]
    pub fn column_value(&self, address: DocAddress, column: usize) -> ValueRef<'_> {
        self.part(address.part).map_or(ValueRef::None, |part| part.value(column, address.doc))
    }

    /// The column that a field is sorted by.
    pub fn sort_column(&self, field: FieldId) -> Option<usize> {
        let schema = self.schema();
        let text = schema.column(field, ColumnKind::Text);
        text.or_else(|| schema.column(field, ColumnKind::Number))
    }

    pub(crate) fn parts(&self) -> &[PartView] {
        &self.0.parts
    }

    pub(crate) fn part(&self, part: u32) -> Option<&PartView> {
        self.0.parts.get(part as usize)
    }

    pub(crate) fn vectors(&self, field: FieldId) -> Option<&Arc<VectorIndex>> {
        self.0.vectors.iter().find(|(id, _)| *id == field).map(|(_, vectors)| vectors)
    }

    pub(crate) fn all_vectors(&self) -> &[(FieldId, Arc<VectorIndex>)] {
        &self.0.vectors
    }

    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.0.hasher.hash_one(key)
    }

    /// The documents of these names, by part, in ascending order.
    pub(crate) fn find_keys(&self, keys: &[Vec<u8>]) -> Vec<Vec<u32>> {
        let mut docs = vec![Vec::new(); self.parts().len()];
        let mut unknown: HashSet<&[u8]> = HashSet::new();
        for key in keys {
            match self.find_key(key) {
                Ok(address) => {
                    address.into_iter().for_each(|at| docs[at.part as usize].push(at.doc));
                }
                Err(TooLong) => drop(unknown.insert(key)),
            }
        }
        if !unknown.is_empty() {
            for (view, docs) in self.parts().iter().zip(&mut docs) {
                docs.extend((0..view.docs).filter(|doc| unknown.contains(view.key(*doc))));
            }
        }
        for (view, docs) in self.parts().iter().zip(&mut docs) {
            docs.retain(|doc| view.is_live(*doc));
            docs.sort_unstable();
            docs.dedup();
        }
        docs
    }

    /// The document of a name. It may have got another place, or none, since the snapshot was
    /// taken; if that is too long ago, it is not known any more where it was.
    fn find_key(&self, key: &[u8]) -> Result<Option<DocAddress>, TooLong> {
        let hash = self.hash(key);
        let here = |id| self.locate(id).filter(|at| self.key(*at) == key);
        let names = self.0.names.lock();
        if let Some(id) = names.get(hash, |id| here(id).is_some()) {
            return Ok(here(id));
        }
        if let Some(id) = names.gone(hash, |id| here(id).is_some()) {
            return Ok(here(id));
        }
        if names.knows_since(self.stamp()) { Ok(None) } else { Err(TooLong) }
    }

    /// Where the document of an id is, if it is there.
    pub(crate) fn locate(&self, id: u64) -> Option<DocAddress> {
        locate(&self.0.parts, id)
    }
}

/// Where the document of an id is, if it is there.
pub(super) fn locate(parts: &[PartView], id: u64) -> Option<DocAddress> {
    let part = parts.partition_point(|part| part.first_id() <= id).checked_sub(1)?;
    let view = &parts[part];
    let doc = view.place(id)?;
    (!view.deletes.contains(doc)).then_some(DocAddress { part: part as u32, doc })
}
