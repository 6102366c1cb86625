//! SORTBY: the first rows of an order.

use std::cmp::Ordering;

use super::Row;

/// A column to sort by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) column: usize,
    pub(super) ascending: bool,
}

/// Keeps the rows that come first.
#[derive(Debug)]
pub(super) struct Arranger {
    keys: Vec<Key>,
    offset: usize,
    wanted: usize,
    /// At most about twice as many as are wanted: then the later half goes.
    rows: Vec<Row>,
}

impl Arranger {
    /// Fewer rows are not worth being sorted in between.
    const SLACK: usize = 1024;

    pub(super) fn new(keys: Vec<Key>, offset: usize, wanted: usize) -> Self {
        Arranger { keys, offset, wanted, rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
        if self.rows.len() >= self.wanted.saturating_mul(2).max(Self::SLACK) {
            self.sort();
        }
    }

    pub(super) fn finish(&mut self) -> Vec<Row> {
        self.sort();
        let mut rows = std::mem::take(&mut self.rows);
        rows.drain(..self.offset.min(rows.len()));
        rows
    }

    fn sort(&mut self) {
        let keys = &self.keys;
        self.rows.sort_by(|one, other| compare(one, other, keys));
        self.rows.truncate(self.wanted);
    }
}

/// The order of two rows. One that lacks a value comes last, whatever the direction.
pub(super) fn compare(one: &Row, other: &Row, keys: &[Key]) -> Ordering {
    for key in keys {
        let order = match (one.get(key.column), other.get(key.column)) {
            (Some(one), Some(other)) if key.ascending => one.order(other),
            (Some(one), Some(other)) => other.order(one),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
