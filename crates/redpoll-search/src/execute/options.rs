//! What a search is told besides the query, and what it answers.

use super::profile::IteratorProfile;
use crate::document::Value;
use crate::index::DocAddress;
use crate::query::FieldId;
use crate::score::{Explanation, Scorer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Says when a search is to be given up: its time is over, or nobody waits for it any more. It is
/// asked every thousand documents or so.
pub trait Interrupt: Send + Sync {
    /// Whether to stop.
    fn stop(&self) -> bool;
}

/// Searches go on to the end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Never;

impl Interrupt for Never {
    fn stop(&self) -> bool {
        false
    }
}

impl<F: Fn() -> bool + Send + Sync> Interrupt for F {
    fn stop(&self) -> bool {
        self()
    }
}

/// A part of a search, by its number.
pub type Part = dyn Fn(usize) + Send + Sync;

/// Threads that may help with a search.
pub trait Helpers: Send + Sync {
    /// Calls `part` with the numbers below `parts`, each once, on this thread and others, and
    /// returns when all is done.
    fn share(&self, parts: usize, part: Arc<Part>);
}

/// So many threads, made for the search.
#[derive(Debug, Clone, Copy)]
pub struct NewThreads(pub usize);

impl Helpers for NewThreads {
    fn share(&self, parts: usize, part: Arc<Part>) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= parts {
                    return;
                }
                part(number);
            }
        };
        thread::scope(|scope| {
            (1..self.0.min(parts)).for_each(|_| drop(scope.spawn(work)));
            work();
        });
    }
}

/// Bounds of what patterns may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A pattern of a shorter beginning, end or middle means nothing (`MINPREFIX`).
    pub prefix_min: usize,
    /// A pattern means so many terms at most, the first in order (`MAXEXPANSIONS`).
    pub expansions_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { prefix_min: 2, expansions_max: 200 }
    }
}

/// What results are sorted by.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Sort {
    /// The score, highest first; then the order in which documents were indexed.
    #[default]
    Score,
    /// A sortable field. Documents without a value come last.
    Field {
        /// The field.
        field: FieldId,
        /// Highest first.
        descending: bool,
    },
    /// A distance of this name that the query yields.
    Distance {
        /// The name.
        name: Vec<u8>,
        /// Farthest first.
        descending: bool,
    },
    /// The order in which documents were indexed.
    Indexed,
}

/// What a search is told besides the query.
#[derive(Clone)]
pub struct SearchOptions {
    /// How documents are scored.
    pub scorer: Scorer,
    /// What the scorer HAMMING compares with.
    pub payload: Option<Vec<u8>>,
    /// What results are sorted by.
    pub sort: Sort,
    /// How many of the first results are passed over.
    pub offset: usize,
    /// How many results are wanted.
    pub limit: usize,
    /// Whether scores are wanted, even if results are not sorted by them.
    pub scores: bool,
    /// Whether it is to be told how scores came about.
    pub explain: bool,
    /// Whether the number of all results must be exact. If not, what cannot be among the best is
    /// leapt over, and the number is a lower bound.
    pub exact_count: bool,
    /// Whether it is to be told what iterators have done.
    pub profile: bool,
    /// Bounds of patterns.
    pub limits: Limits,
    /// Who may help, if it is worth it.
    pub helpers: Option<Arc<dyn Helpers>>,
    /// When to give up.
    pub interrupt: Arc<dyn Interrupt>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        SearchOptions {
            scorer: Scorer::default(),
            payload: None,
            sort: Sort::default(),
            offset: 0,
            limit: 10,
            scores: false,
            explain: false,
            exact_count: true,
            profile: false,
            limits: Limits::default(),
            helpers: None,
            interrupt: Arc::new(Never),
        }
    }
}

/// Why a search cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchError {
    /// The query's vector does not have as many bytes as the field's vectors.
    VectorSize {
        /// The field.
        field: FieldId,
        /// Bytes of the query's vector.
        bytes: usize,
        /// Bytes of the field's vectors.
        expected: usize,
    },
    /// The query's shape is none.
    Shape {
        /// The field.
        field: FieldId,
        /// The text.
        text: Vec<u8>,
    },
}

/// A document that answers the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Where it is, in the snapshot that was searched.
    pub address: DocAddress,
    /// Its score; zero if none was wanted.
    pub score: f64,
    /// What it was sorted by, if it was a field.
    pub sort_value: Value,
    /// The distances that the query yields, by name.
    pub distances: Vec<(Vec<u8>, f64)>,
    /// How the score came about, if that was wanted.
    pub explanation: Option<Explanation>,
}

/// What a search answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchResults {
    /// How many documents answer the query.
    pub total: u64,
    /// Those that were wanted, in order.
    pub hits: Vec<Hit>,
    /// The search was given up: there may be more and better results.
    pub interrupted: bool,
    /// A pattern means more terms than the bound allows.
    pub truncated: bool,
    /// What iterators have done, if that was wanted.
    pub profile: Option<IteratorProfile>,
}
