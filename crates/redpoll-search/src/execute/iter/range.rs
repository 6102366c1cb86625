//! Documents with a value that passes a test: numbers, points, shapes.
//!
//! Beside words that are rarer, each document is tested; otherwise all that pass are found at once,
//! by the order of values where there is one.

use super::DocIter;
use super::set::{Collector, Set};
use crate::score::{Explanation, Scoring};

/// Knows which documents pass.
pub trait Source {
    /// Whether a document passes.
    fn passes(&self, doc: u32) -> bool;

    /// About how many documents are looked at to find all that pass.
    fn cost(&self) -> u64;

    /// Gives all documents that pass to the collector.
    fn collect(&self, collector: &mut Collector);
}

/// Goes through the documents that pass.
pub struct Tested<S> {
    source: S,
    /// One behind the last document of the part.
    bound: u32,
    weight: f64,
    /// All that pass, once somebody goes through them.
    found: Option<Set>,
}

impl<S: Source> Tested<S> {
    /// The documents below `bound` that pass.
    pub fn new(source: S, bound: u32, weight: f64) -> Self {
        Tested { source, bound, weight, found: None }
    }

    fn find(&mut self) -> &mut Set {
        self.found.get_or_insert_with(|| {
            let mut collector = Collector::new(self.bound, self.source.cost());
            self.source.collect(&mut collector);
            Set::new(collector.finish(), self.weight, 1)
        })
    }
}

impl<S: Source> DocIter for Tested<S> {
    fn doc(&self) -> u32 {
        // Before anybody has gone anywhere, it is not known where it stands: who steps seeks first.
        self.found.as_ref().map_or(0, Set::doc)
    }

    fn step(&mut self) -> u32 {
        self.find().step()
    }

    fn seek(&mut self, target: u32) -> u32 {
        self.find().seek(target)
    }

    fn cost(&self) -> u64 {
        self.source.cost()
    }

    fn contains(&mut self, doc: u32) -> bool {
        match &mut self.found {
            Some(found) => found.contains(doc),
            None => self.source.passes(doc),
        }
    }

    fn prefers_contains(&self) -> bool {
        true
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        scoring.value(self.weight)
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        scoring.explain_value(self.weight, 1)
    }
}
