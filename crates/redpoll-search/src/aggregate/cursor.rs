//! Results that are fetched bit by bit.
//!
//! A cursor holds the rows that have not been fetched: the query has run to its end, on one
//! snapshot. Cursors that nobody reads go after a while, and their number is bounded.

use std::collections::HashMap;
use std::fmt;

use super::{Pipeline, Row};

/// Results, and how far they have been fetched.
#[derive(Debug)]
pub struct Cursor {
    /// Which index they are from.
    pub index: Box<[u8]>,
    /// Names the columns of the rows.
    pub pipeline: Pipeline,
    rows: std::vec::IntoIter<Row>,
    /// Whether a read has got less than it wanted.
    done: bool,
    /// How many rows there are in all, if each read is to tell.
    counted: Option<usize>,
    /// How many rows a read gives.
    pub count: usize,
    max_idle_ms: u64,
    used_ms: u64,
}

impl Cursor {
    /// A cursor over `rows`.
    pub fn new(
        index: &[u8],
        pipeline: Pipeline,
        rows: Vec<Row>,
        count: usize,
        max_idle_ms: u64,
    ) -> Self {
        let rows = rows.into_iter();
        Cursor {
            index: index.into(),
            pipeline,
            rows,
            done: false,
            counted: None,
            count,
            max_idle_ms,
            used_ms: 0,
        }
    }

    /// Tells `total` with each read, if there is one.
    pub fn counting(self, total: Option<usize>) -> Self {
        Cursor { counted: total, ..self }
    }

    /// The total that a read of `rows` rows tells, unless it is the first: how many there are in
    /// all, if that is asked for. If not, how many have been found since the read before, which are
    /// none if all had to be found before the first could be shown.
    pub fn total(&self, rows: usize) -> usize {
        self.counted.unwrap_or(if self.pipeline.gathers() { 0 } else { rows })
    }

    /// The next rows: `count` of them, or as many as each read gives.
    pub fn read(&mut self, count: Option<usize>) -> Vec<Row> {
        let count = count.unwrap_or(self.count);
        self.done = self.rows.len() < count;
        self.rows.by_ref().take(count).collect()
    }

    /// Whether a read has found the end: one that gets all it wants does not know of it, even if it
    /// was the last row.
    pub fn is_done(&self) -> bool {
        self.done
    }
}

/// All cursors.
#[derive(Debug, Default)]
pub struct Cursors {
    cursors: HashMap<u64, Cursor>,
    last_id: u64,
}

/// What can be wrong with a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorError {
    /// There is none of this number.
    NotFound(u64),
    /// The index has as many as it may have.
    TooMany,
}

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CursorError::NotFound(id) => write!(f, "Cursor not found, id: {id}"),
            CursorError::TooMany => f.write_str("Too many cursors allocated for index"),
        }
    }
}

impl std::error::Error for CursorError {}

impl Cursors {
    /// How many an index may have.
    pub const PER_INDEX: usize = 128;

    /// Keeps a cursor; the answer is its number.
    ///
    /// # Errors
    /// If the index has too many.
    pub fn add(&mut self, mut cursor: Cursor, now_ms: u64) -> Result<u64, CursorError> {
        self.expire(now_ms);
        if self.of_index(&cursor.index) >= Self::PER_INDEX {
            return Err(CursorError::TooMany);
        }
        // Numbers that cannot be guessed from each other would be of no use: any client may read.
        self.last_id = self.last_id.wrapping_add(1) & (i64::MAX as u64);
        cursor.used_ms = now_ms;
        self.cursors.insert(self.last_id, cursor);
        Ok(self.last_id)
    }

    /// Takes the cursor of this number out, to be read and put back.
    ///
    /// # Errors
    /// If there is none, or it is of another index.
    pub fn take(&mut self, index: &[u8], id: u64, now_ms: u64) -> Result<Cursor, CursorError> {
        self.expire(now_ms);
        match self.cursors.get(&id) {
            Some(cursor) if *cursor.index == *index => {}
            _ => return Err(CursorError::NotFound(id)),
        }
        self.cursors.remove(&id).ok_or(CursorError::NotFound(id))
    }

    /// Puts a cursor back under its number.
    pub fn put_back(&mut self, id: u64, mut cursor: Cursor, now_ms: u64) {
        cursor.used_ms = now_ms;
        self.cursors.insert(id, cursor);
    }

    /// Removes those that nobody has read for as long as they may lie idle. The answer is how many
    /// they were.
    pub fn expire(&mut self, now_ms: u64) -> usize {
        let before = self.cursors.len();
        self.cursors
            .retain(|_, cursor| now_ms <= cursor.used_ms.saturating_add(cursor.max_idle_ms));
        before - self.cursors.len()
    }

    /// Removes all of an index.
    pub fn drop_index(&mut self, index: &[u8]) {
        self.cursors.retain(|_, cursor| *cursor.index != *index);
    }

    /// How many an index has.
    pub fn of_index(&self, index: &[u8]) -> usize {
        self.cursors.values().filter(|cursor| *cursor.index == *index).count()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cursors.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }
}
