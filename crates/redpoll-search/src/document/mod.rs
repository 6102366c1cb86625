//! Documents: what is handed in, and what a part keeps of them besides their terms.

mod columns;
mod prepare;
mod table;
mod values;

pub(crate) use columns::{ColumnData, NumberColumn, TextColumn};
pub use columns::{Value, ValueRef};
pub use prepare::DocumentError;
pub(crate) use prepare::{Prepared, PreparedTerm, Preparer};
pub(crate) use table::{DocIds, DocTable};

use std::sync::Arc;

use crate::analysis::Language;
use crate::query::FieldId;
use crate::shape::Shape;

/// A document to be indexed.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Its name: a document of the same name is replaced.
    pub key: &'a [u8],
    /// Its fields and their values. Those that the schema does not know are passed over.
    pub fields: &'a [(&'a [u8], &'a [u8])],
    /// The language of its text; none for the index's.
    pub language: Option<Language>,
    /// Its score; none for the index's.
    pub score: Option<f64>,
    /// What the scorer HAMMING compares.
    pub payload: Option<&'a [u8]>,
}

impl<'a> Document<'a> {
    /// A document with these fields and nothing special.
    pub fn new(key: &'a [u8], fields: &'a [(&'a [u8], &'a [u8])]) -> Self {
        Document { key, fields, language: None, score: None, payload: None }
    }
}

/// What the head keeps of a document besides its terms.
#[derive(Debug, Clone, Default)]
pub(crate) struct DocRecord {
    /// Its name.
    pub key: Box<[u8]>,
    /// Its own score.
    pub score: f32,
    /// Words, each counted with its field's weight.
    pub len: u32,
    /// How often its most frequent term occurs, weighted.
    pub freq_max: u32,
    /// Its payload.
    pub payload: Option<Box<[u8]>>,
    /// A value for each column of the schema that it was prepared for.
    pub values: Box<[Value]>,
    /// Its shapes.
    pub shapes: Box<[(FieldId, Arc<Shape>)]>,
}

impl DocRecord {
    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        let texts = self.values.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            _ => 0,
        });
        let shapes = self.shapes.iter().map(|(_, shape)| shape.heap_bytes() + 16);
        self.key.len()
            + self.payload.as_ref().map_or(0, |payload| payload.len())
            + size_of_val(&*self.values)
            + texts.sum::<usize>()
            + shapes.sum::<usize>()
    }
}
