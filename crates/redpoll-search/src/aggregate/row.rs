//! A row of a pipeline.

use std::sync::Arc;

use crate::expression::{self, Value};

/// Values in the columns of a pipeline.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The values, by column; none where the document has none.
    pub values: Vec<Option<Value>>,
    /// Fields that no step names, if all are asked for.
    pub others: Vec<(Arc<[u8]>, Value)>,
    /// The words by which the document was found, if a step asks for them.
    pub terms: Option<Arc<[Arc<[u8]>]>>,
    /// A number that whoever pushes the row knows its document by; a grouping forgets it.
    pub document: u32,
}

impl Row {
    /// Takes everything out, but keeps the memory.
    pub fn clear(&mut self) {
        self.values.fill(None);
        self.others.clear();
        self.terms = None;
    }

    /// Sets a column, which may lie beyond those that the row has.
    pub(super) fn set(&mut self, column: usize, value: Value) {
        if self.values.len() <= column {
            self.values.resize(column + 1, None);
        }
        self.values[column] = Some(value);
    }

    /// The value in a column.
    pub(super) fn get(&self, column: usize) -> Option<&Value> {
        self.values.get(column)?.as_ref()
    }
}

impl expression::Row for Row {
    fn value(&self, column: usize) -> Option<Value> {
        self.get(column).cloned()
    }

    fn matched_terms(&self) -> &[Arc<[u8]>] {
        self.terms.as_deref().unwrap_or_default()
    }
}
