//! Documents that any of several iterators has.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::and::{merge_positions, slop};
use super::{DocIter, END, Iter};
use crate::execute::near::Places;
use crate::score::{Explanation, Parts, Scoring};

/// With more children than this, the next document is kept track of in a heap.
const FEW: usize = 8;

/// Goes through the documents of all children.
pub struct Or<'a> {
    children: Vec<Iter<'a>>,
    /// Where children stand, and which ones: for many.
    heap: BinaryHeap<Reverse<(u32, u32)>>,
    /// Which children have the document: for many.
    here: Vec<u32>,
    doc: u32,
    /// Whether one of the children that have a document, the first, makes its score.
    first_only: bool,
    weight: f64,
    places: Places,
}

impl<'a> Or<'a> {
    /// The documents of any of `children`.
    pub fn new(mut children: Vec<Iter<'a>>, first_only: bool, weight: f64) -> Self {
        let mut heap = BinaryHeap::new();
        let many = children.len() > FEW;
        let mut doc = END;
        for (index, child) in children.iter_mut().enumerate() {
            let first = child.seek(0);
            doc = doc.min(first);
            if many && first != END {
                heap.push(Reverse((first, index as u32)));
            }
        }
        let (here, places) = (Vec::new(), Places::default());
        let mut or = Or { children, heap, here, doc, first_only, weight, places };
        if many {
            or.doc = or.gather();
        }
        or
    }

    fn is_many(&self) -> bool {
        self.children.len() > FEW
    }

    /// Takes the children that stand on the first document off the heap.
    fn gather(&mut self) -> u32 {
        let Some(Reverse((doc, _))) = self.heap.peek().copied() else { return END };
        while let Some(Reverse((other, child))) = self.heap.peek().copied() {
            if other != doc {
                break;
            }
            self.here.push(child);
            self.heap.pop();
        }
        self.here.sort_unstable();
        doc
    }

    /// Sends all children that are below `target` there.
    fn go(&mut self, target: u32) -> u32 {
        if !self.is_many() {
            self.doc = END;
            for child in &mut self.children {
                let doc = child.doc();
                let next = match target.checked_sub(doc) {
                    None | Some(0) => doc,
                    Some(1) => child.step(),
                    Some(_) => child.seek(target),
                };
                self.doc = self.doc.min(next);
            }
            return self.doc;
        }
        while let Some(child) = self.here.pop() {
            let next = self.children[child as usize].seek(target);
            if next != END {
                self.heap.push(Reverse((next, child)));
            }
        }
        while let Some(Reverse((doc, child))) = self.heap.peek().copied() {
            if doc >= target {
                break;
            }
            self.heap.pop();
            let next = self.children[child as usize].seek(target);
            if next != END {
                self.heap.push(Reverse((next, child)));
            }
        }
        self.doc = self.gather();
        self.doc
    }

    /// The children that make the document's score.
    fn matching(&mut self) -> impl Iterator<Item = &mut Iter<'a>> {
        let doc = self.doc;
        let most = if self.first_only { 1 } else { usize::MAX };
        let Or { children, here, .. } = self;
        let here = if children.len() > FEW { Some(here.as_slice()) } else { None };
        let fits = move |index: usize, child: &Iter<'a>| match here {
            Some(here) => here.binary_search(&(index as u32)).is_ok(),
            None => child.doc() == doc,
        };
        let all = children.iter_mut().enumerate();
        all.filter(move |(index, child)| fits(*index, child)).map(|(_, child)| child).take(most)
    }
}

impl DocIter for Or<'_> {
    fn doc(&self) -> u32 {
        self.doc
    }

    fn step(&mut self) -> u32 {
        if self.doc == END { END } else { self.go(self.doc + 1) }
    }

    fn seek(&mut self, target: u32) -> u32 {
        if self.doc < target { self.go(target) } else { self.doc }
    }

    fn cost(&self) -> u64 {
        self.children.iter().map(Iter::cost).sum()
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        let mut sum = 0.0;
        for child in self.matching() {
            sum = scoring.add(Parts::Any, sum, child.score(scoring));
        }
        self.weight * sum
    }

    fn bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        if self.weight < 0.0 {
            return f64::INFINITY;
        }
        let mut sum = 0.0;
        for child in self.matching() {
            sum += child.bound(scoring);
        }
        if sum.is_finite() { self.weight * sum } else { f64::INFINITY }
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        let mut sum = 0.0;
        let mut steps = Vec::new();
        for child in self.matching() {
            sum = scoring.add(Parts::Any, sum, child.score(scoring));
            steps.push(child.explain(scoring));
        }
        scoring.explain_parts(self.weight, sum, steps)
    }

    fn has_positions(&self) -> bool {
        self.children.iter().any(Iter::has_positions)
    }

    fn positions(&mut self, out: &mut Vec<u32>) {
        merge_positions(self.matching(), out);
    }

    fn slop(&mut self) -> u32 {
        let mut places = std::mem::take(&mut self.places);
        let slop = slop(&mut places, self.matching());
        self.places = places;
        slop
    }
}
