//! The documents of a word or a tag.

use super::{DocIter, END};
use crate::index::postings::{Impact, Postings};
use crate::score::{Explanation, Leaf, Rarity, Scoring};

/// Goes through the list of a term, and passes over postings in other fields.
pub struct Term<'a> {
    postings: Postings<'a>,
    /// The fields in which the term must stand; none if it does not matter.
    mask: Option<u128>,
    weight: f64,
    rarity: Rarity,
    term: &'a [u8],
    /// A bound of the scores of a block, and up to which document it holds.
    bound: Option<(f64, u32)>,
}

impl<'a> Term<'a> {
    /// The documents of a list in which the term stands in one of these fields.
    pub fn new(
        postings: Postings<'a>,
        mask: Option<u128>,
        weight: f64,
        rarity: Rarity,
        term: &'a [u8],
    ) -> Self {
        let mut iter = Term { postings, mask, weight, rarity, term, bound: None };
        iter.skip_other_fields();
        iter
    }

    /// How often the term occurs in the document, weighted.
    #[inline]
    pub fn freq(&mut self) -> u32 {
        self.postings.freq()
    }

    /// How many postings the list has, if all of them match.
    pub fn count(&self) -> Option<u32> {
        self.mask.is_none().then(|| self.postings.count())
    }

    /// The best that postings can be from `target` on, and up to which document this holds.
    pub fn impact(&self, target: u32) -> Option<(Impact, u32)> {
        self.postings.impact(target)
    }

    /// The term in a document in which it occurs so often.
    pub fn leaf(&self, freq: u32) -> Leaf<'a> {
        Leaf { freq, weight: self.weight, rarity: self.rarity, term: self.term }
    }

    /// Calls `each` with the documents from here on, some at a time, until it says to stop.
    pub fn for_each_piece(&mut self, mut each: impl FnMut(&[u32]) -> bool) {
        if self.mask.is_some() {
            while self.doc() != END && each(&[self.doc()]) {
                self.step();
            }
            return;
        }
        while self.postings.doc() != END && each(self.postings.piece()) {
            self.postings.next_piece();
        }
    }

    /// Goes to the first posting, of those that are loaded, for whose document and frequency `test`
    /// holds; false if there is none. For terms all of whose postings match.
    #[inline]
    pub fn find_in_piece(&mut self, test: impl Fn(u32, u32) -> bool) -> bool {
        self.postings.find_in_piece(test)
    }

    /// Goes to the first posting behind those that are loaded. As above.
    pub fn next_piece(&mut self) -> u32 {
        self.postings.next_piece();
        self.postings.doc()
    }

    /// The most that the term can give to a score anywhere.
    pub fn list_bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        let leaf = self.leaf(1);
        let blocks = self.postings.best_impact().map(|impact| scoring.bound(&leaf, &impact));
        let rest = || scoring.bound_of_any(&leaf);
        match blocks {
            Some(blocks) if self.postings.has_rest() => blocks.max(rest()),
            Some(blocks) => blocks,
            None => rest(),
        }
    }

    /// The most that the term can give to the score of the document that it stands on, and up to
    /// which document this holds.
    pub fn block_bound(&mut self, scoring: &Scoring<'_>) -> (f64, u32) {
        let doc = self.postings.doc();
        match self.bound {
            Some((bound, last)) if doc <= last => (bound, last),
            _ => {
                let leaf = self.leaf(1);
                let bound = match self.postings.impact(doc) {
                    Some((impact, last)) => (scoring.bound(&leaf, &impact), last),
                    None => (scoring.bound_of_any(&leaf), END - 1),
                };
                self.bound = Some(bound);
                bound
            }
        }
    }

    #[inline]
    fn skip_other_fields(&mut self) {
        let Some(mask) = self.mask else { return };
        while self.postings.doc() != END && self.postings.mask() & mask == 0 {
            self.postings.step();
        }
    }
}

impl DocIter for Term<'_> {
    #[inline]
    fn doc(&self) -> u32 {
        self.postings.doc()
    }

    #[inline]
    fn step(&mut self) -> u32 {
        self.postings.step();
        self.skip_other_fields();
        self.postings.doc()
    }

    #[inline]
    fn seek(&mut self, target: u32) -> u32 {
        self.postings.seek(target);
        self.skip_other_fields();
        self.postings.doc()
    }

    fn cost(&self) -> u64 {
        u64::from(self.postings.count())
    }

    #[inline]
    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        let freq = self.postings.freq();
        scoring.leaf(&self.leaf(freq))
    }

    #[inline]
    fn bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        self.block_bound(scoring).0
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        let freq = self.postings.freq();
        scoring.explain_leaf(&self.leaf(freq))
    }

    fn has_positions(&self) -> bool {
        self.postings.has_positions()
    }

    fn positions(&mut self, out: &mut Vec<u32>) {
        self.postings.positions(out);
    }
}
