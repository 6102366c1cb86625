//! An immutable part of an index.

use std::sync::Arc;

use super::dict::{Dict, TEXT, TermInfo};
use super::postings::Format;
use super::suffix::SuffixIndex;
use super::tally::Tally;
use crate::document::DocTable;
use crate::query::FieldId;
use crate::shape::Shape;

/// An immutable part of an index.
#[derive(Debug)]
pub struct Segment {
    /// How many documents it has, deleted ones included.
    pub docs: u32,
    /// The format of the lists of words.
    pub format: Format,
    /// Its terms.
    pub dict: Dict,
    /// All lists, in the order of their terms.
    pub lists: Box<[u8]>,
    /// Its documents.
    pub table: DocTable,
    /// The ends of its terms, if the schema asks for it.
    pub suffixes: Option<SuffixIndex>,
    /// Its shapes, by field and document.
    pub shapes: Vec<ShapeColumn>,
    /// What there is of terms and lists.
    pub tally: Tally,
}

/// The shapes of one field.
#[derive(Debug)]
pub struct ShapeColumn {
    /// The field.
    pub field: FieldId,
    /// The documents and their shapes, in ascending order.
    pub shapes: Vec<(u32, Arc<Shape>)>,
}

impl Segment {
    /// The bytes of a term's list, and their format.
    pub fn list(&self, key: &[u8], info: &TermInfo) -> (&[u8], Format) {
        let start = info.start as usize;
        let bytes = self.lists.get(start..start + info.len as usize).unwrap_or_default();
        let format = if key.first() == Some(&TEXT) { self.format } else { Format::DOCS };
        (bytes, format)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.dict.heap_bytes()
            + self.lists.len()
            + self.table.heap_bytes()
            + self.suffixes.as_ref().map_or(0, SuffixIndex::heap_bytes)
            + self.shape_bytes()
    }

    /// Those of its shapes.
    pub fn shape_bytes(&self) -> usize {
        let shapes = self.shapes.iter().flat_map(|column| &column.shapes);
        shapes.map(|(_, shape)| shape.heap_bytes() + 16).sum()
    }
}
