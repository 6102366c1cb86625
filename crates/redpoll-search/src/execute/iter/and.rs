//! Documents that several iterators share, with words that may have to stand near one another.

use super::{DocIter, END, Iter};
use crate::execute::near::{Near, Places};
use crate::score::{Explanation, Parts, Scoring};

/// Goes through the documents that all children share.
///
/// The child with the fewest leads. The others follow to where it stands, the rarest first, and
/// those that can only tell whether a document is theirs are asked last.
pub struct And<'a> {
    children: Vec<Iter<'a>>,
    lead: usize,
    seekers: Vec<usize>,
    checkers: Vec<usize>,
    doc: u32,
    near: Option<Near>,
    weight: f64,
    places: Places,
}

impl<'a> And<'a> {
    /// The documents of all `children`, of which there is one at least, in the order of the query.
    pub fn new(mut children: Vec<Iter<'a>>, near: Option<Near>, weight: f64) -> Self {
        let mut order: Vec<usize> = (0..children.len()).collect();
        order.sort_by_key(|child| children[*child].cost());
        let lead = order.remove(0);
        let (checkers, seekers) =
            order.into_iter().partition(|child| children[*child].prefers_contains());
        let first = children[lead].seek(0);
        let places = Places::default();
        let mut and = And { children, lead, seekers, checkers, doc: END, near, weight, places };
        for child in &and.seekers {
            and.children[*child].seek(0);
        }
        and.doc = and.find(first);
        and
    }

    /// The first document at or behind `doc`, on which the lead stands, that all share.
    #[inline]
    fn find(&mut self, mut doc: u32) -> u32 {
        'next: while doc != END {
            for child in &self.seekers {
                let other = self.children[*child].seek(doc);
                if other > doc {
                    if other == END {
                        return END;
                    }
                    doc = self.children[self.lead].seek(other);
                    continue 'next;
                }
            }
            let fits = self.checkers.iter().all(|child| self.children[*child].contains(doc));
            if fits && self.near.is_none_or(|near| self.are_near(near)) {
                return doc;
            }
            doc = self.children[self.lead].step();
        }
        END
    }

    /// Whether the words of the children stand near one another. What has no positions stands
    /// anywhere.
    fn are_near(&mut self, near: Near) -> bool {
        load_places(&mut self.places, self.children.iter_mut());
        self.places.fit(near)
    }
}

impl DocIter for And<'_> {
    #[inline]
    fn doc(&self) -> u32 {
        self.doc
    }

    #[inline]
    fn step(&mut self) -> u32 {
        if self.doc != END {
            let next = self.children[self.lead].step();
            self.doc = self.find(next);
        }
        self.doc
    }

    #[inline]
    fn seek(&mut self, target: u32) -> u32 {
        if self.doc < target {
            let next = self.children[self.lead].seek(target);
            self.doc = self.find(next);
        }
        self.doc
    }

    fn cost(&self) -> u64 {
        self.children[self.lead].cost()
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        let mut sum = 0.0;
        for child in &mut self.children {
            sum += child.score(scoring);
        }
        self.weight * sum
    }

    fn bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        if self.weight < 0.0 {
            return f64::INFINITY;
        }
        let mut sum = 0.0;
        for child in &mut self.children {
            sum += child.bound(scoring);
        }
        // Nothing times infinity is no bound.
        if sum.is_finite() { self.weight * sum } else { f64::INFINITY }
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        let mut sum = 0.0;
        let mut steps = Vec::new();
        for child in &mut self.children {
            sum = scoring.add(Parts::All, sum, child.score(scoring));
            steps.push(child.explain(scoring));
        }
        scoring.explain_parts(self.weight, sum, steps)
    }

    fn has_positions(&self) -> bool {
        self.children.iter().any(Iter::has_positions)
    }

    fn positions(&mut self, out: &mut Vec<u32>) {
        merge_positions(self.children.iter_mut(), out);
    }

    fn slop(&mut self) -> u32 {
        slop(&mut self.places, self.children.iter_mut())
    }
}

/// Appends the positions of all, in ascending order.
pub fn merge_positions<'b, 'a: 'b>(
    children: impl Iterator<Item = &'b mut Iter<'a>>,
    out: &mut Vec<u32>,
) {
    let start = out.len();
    for child in children {
        if child.has_positions() {
            child.positions(out);
        }
    }
    out[start..].sort_unstable();
}

/// Takes in where the words of the children stand.
fn load_places<'b, 'a: 'b>(places: &mut Places, children: impl Iterator<Item = &'b mut Iter<'a>>) {
    places.clear();
    for child in children {
        if child.has_positions() {
            places.add(|list| child.positions(list));
        }
    }
}

/// How far the words of the children stand from one another.
pub fn slop<'b, 'a: 'b>(
    places: &mut Places,
    children: impl Iterator<Item = &'b mut Iter<'a>>,
) -> u32 {
    let mut all = 0;
    load_places(places, children.inspect(|_| all += 1));
    places.slop(all)
}
