//! Every document, every document but some, and every document of which some match better.

use super::{DocIter, END, Iter};
use crate::score::{Explanation, Scoring};

/// A place among the documents below a number.
struct Place {
    doc: u32,
    docs: u32,
}

impl Place {
    /// The first document below `docs`.
    fn first(docs: u32) -> Self {
        Place { doc: if docs == 0 { END } else { 0 }, docs }
    }

    fn step(&mut self) -> u32 {
        self.seek(self.doc.saturating_add(1))
    }

    fn seek(&mut self, target: u32) -> u32 {
        self.doc = self.doc.max(target);
        if self.doc >= self.docs {
            self.doc = END;
        }
        self.doc
    }
}

/// Every document.
pub struct All {
    place: Place,
    weight: f64,
}

impl All {
    /// Every document below `docs`.
    pub fn new(docs: u32, weight: f64) -> Self {
        All { place: Place::first(docs), weight }
    }
}

impl DocIter for All {
    fn doc(&self) -> u32 {
        self.place.doc
    }

    fn step(&mut self) -> u32 {
        self.place.step()
    }

    fn seek(&mut self, target: u32) -> u32 {
        self.place.seek(target)
    }

    fn cost(&self) -> u64 {
        u64::from(self.place.docs)
    }

    fn contains(&mut self, doc: u32) -> bool {
        doc < self.place.docs
    }

    fn prefers_contains(&self) -> bool {
        true
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        scoring.any_doc(self.weight)
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        scoring.explain_any_doc(self.weight)
    }
}

/// Every document but those of another iterator.
pub struct Not<'a> {
    but: Iter<'a>,
    doc: u32,
    docs: u32,
    weight: f64,
}

impl<'a> Not<'a> {
    /// Every document below `docs` but those of `but`.
    pub fn new(but: Iter<'a>, docs: u32, weight: f64) -> Self {
        let mut iter = Not { but, doc: 0, docs, weight };
        iter.doc = iter.find(0);
        iter
    }

    fn find(&mut self, mut target: u32) -> u32 {
        while target < self.docs {
            if !self.but.contains(target) {
                return target;
            }
            target += 1;
        }
        END
    }
}

impl DocIter for Not<'_> {
    fn doc(&self) -> u32 {
        self.doc
    }

    fn step(&mut self) -> u32 {
        if self.doc != END {
            self.doc = self.find(self.doc + 1);
        }
        self.doc
    }

    fn seek(&mut self, target: u32) -> u32 {
        if self.doc < target {
            self.doc = self.find(target);
        }
        self.doc
    }

    fn cost(&self) -> u64 {
        u64::from(self.docs)
    }

    fn contains(&mut self, doc: u32) -> bool {
        // The start has looked ahead, so that the other iterator may stand behind `doc`.
        if doc <= self.doc { doc == self.doc } else { doc < self.docs && !self.but.contains(doc) }
    }

    fn prefers_contains(&self) -> bool {
        true
    }

    fn score(&mut self, _scoring: &Scoring<'_>) -> f64 {
        0.0
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        scoring.explain_value(self.weight, 0)
    }
}

/// Every document; those of another iterator have its score.
pub struct Optional<'a> {
    better: Iter<'a>,
    place: Place,
    /// The document that was asked about last, and whether the other has it.
    asked: (u32, bool),
}

impl<'a> Optional<'a> {
    /// Every document below `docs`.
    pub fn new(better: Iter<'a>, docs: u32) -> Self {
        Optional { better, place: Place::first(docs), asked: (END, false) }
    }

    fn matches(&mut self, doc: u32) -> bool {
        if self.asked.0 != doc {
            self.asked = (doc, self.better.contains(doc));
        }
        self.asked.1
    }
}

impl DocIter for Optional<'_> {
    fn doc(&self) -> u32 {
        self.place.doc
    }

    fn step(&mut self) -> u32 {
        self.place.step()
    }

    fn seek(&mut self, target: u32) -> u32 {
        self.place.seek(target)
    }

    fn cost(&self) -> u64 {
        u64::from(self.place.docs)
    }

    fn contains(&mut self, doc: u32) -> bool {
        self.matches(doc);
        doc < self.place.docs
    }

    fn prefers_contains(&self) -> bool {
        true
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        if self.matches(scoring.doc) { self.better.score(scoring) } else { 0.0 }
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        if self.matches(scoring.doc) {
            self.better.explain(scoring)
        } else {
            scoring.explain_value(0.0, 1)
        }
    }

    fn has_positions(&self) -> bool {
        self.asked.1 && self.better.has_positions()
    }

    fn positions(&mut self, out: &mut Vec<u32>) {
        if self.asked.1 {
            self.better.positions(out);
        }
    }

    fn slop(&mut self) -> u32 {
        if self.asked.1 { self.better.slop() } else { 1 }
    }
}
