//! The documents of a word or a tag.

use super::{DocIter, END};
use crate::index::postings::Postings;
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

    /// Its list, with postings in other fields.
    #[inline]
    pub fn list(&mut self) -> &mut Postings<'a> {
        &mut self.postings
    }

    /// Whether the posting that it stands on is one in the fields.
    #[inline]
    pub fn fits(&mut self) -> bool {
        self.mask.is_none_or(|mask| self.postings.mask() & mask != 0)
    }

    /// How often the term occurs in the document, weighted.
    #[inline]
    pub fn freq(&mut self) -> u32 {
        self.postings.freq()
    }

    /// The term in a document in which it occurs so often.
    pub fn leaf(&self, freq: u32) -> Leaf<'a> {
        Leaf { freq, weight: self.weight, rarity: self.rarity, term: self.term }
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
