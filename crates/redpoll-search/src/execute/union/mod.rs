//! The best documents of a union of words, and how many documents it has.
//!
//! The lists are gone through one by one, and their documents are set as bits, which is all that
//! counting takes: less than a nanosecond a posting, and no comparing of the words' places. Which
//! documents more than one list has is known thereafter, and so is what a posting can be worth
//! ([`sum`]). Where a document's score is that of the first word that it has, as with the words of
//! a prefix, both are done at once ([`first`]).

mod first;
mod seen;
mod sum;

use super::build::{Found, find};
use super::collect::{Best, ByScore};
use super::plan::{Kind, Plan};
use super::run::Run;
use crate::index::bits::Deletes;
use crate::index::part::PartView;
use crate::index::postings::Piece;
use crate::score::Scoring;
use seen::Seen;

/// With fewer postings than one in so many documents of the part, bits are not worth it.
const SPARSE: u64 = 128;
/// Documents between two looks at whether to give up.
const STOP_INTERVAL: usize = 1024;

/// A union of words, in one part.
pub struct Union<'a> {
    run: Run<'a>,
    part: u32,
    view: &'a PartView,
    plan: &'a Plan,
    /// Words that the part has.
    words: Vec<Word<'a>>,
    /// Words of the query.
    places: usize,
    first_only: bool,
}

/// A word of a union.
struct Word<'a> {
    found: Found<'a>,
    /// What it is multiplied by.
    scale: f64,
    /// Which word of the query it is.
    place: usize,
    /// How often it occurs at most.
    freq: u32,
    /// The most that it can give to a score.
    bound: f64,
}

impl<'a> Union<'a> {
    /// The plan as a union of words, if it is one and if the part has many of them.
    pub fn new(run: Run<'a>, part: u32) -> Option<Self> {
        let plan = &run.planned.plan;
        let first_only = matches!(plan.kind, Kind::Or { first_only: true, .. });
        let view = &run.snapshot.parts()[part as usize];
        let mut union = Union { run, part, view, plan, words: Vec::new(), places: 0, first_only };
        if !union.gather(plan, 1.0, 0) {
            return None;
        }
        let postings: u64 = union.words.iter().map(|word| u64::from(word.found.info.count)).sum();
        (postings * SPARSE >= u64::from(view.docs)).then_some(union)
    }

    /// Collects the words below a union. False if there is anything else.
    fn gather(&mut self, plan: &'a Plan, scale: f64, depth: usize) -> bool {
        match &plan.kind {
            Kind::Term { .. } => {
                if let Some(found) = find(plan, self.part as usize, self.view) {
                    let place = self.places;
                    self.words.push(Word {
                        found,
                        scale,
                        place,
                        freq: u32::MAX,
                        bound: f64::INFINITY,
                    });
                }
                self.places += 1;
                true
            }
            // Below another one, the first that matches would have to be told from others.
            Kind::Or { children, first_only, .. } => {
                let fits = if self.first_only { depth == 0 } else { !first_only };
                let fits = fits && plan.weight >= 0.0;
                let scale = scale * plan.weight;
                fits && children.iter().all(|child| self.gather(child, scale, depth + 1))
            }
            _ => false,
        }
    }

    /// How many documents there are. None: the time is over.
    pub fn count(&self) -> Option<u64> {
        let mut seen = Seen::new(self.view.docs);
        self.each_piece(|docs| seen.add(docs))?;
        Some(self.live(seen.count(), |doc| seen.contains(doc)))
    }

    /// Keeps the best, and says how many documents there are. None: the time is over.
    pub fn best(self, best: &mut Best<ByScore>) -> Option<u64> {
        if self.first_only { first::best(&self, best) } else { sum::best(self, best) }
    }

    /// How many of so many documents, of which it is told whether one is among them, are not
    /// deleted.
    fn live(&self, mut count: u64, contains: impl Fn(u32) -> bool) -> u64 {
        let deletes = &self.view.deletes;
        if deletes.count() > 0 {
            deletes.for_each_since(&Deletes::default(), |doc| count -= u64::from(contains(doc)));
        }
        count
    }

    /// Calls `each` for the documents of all lists, piece by piece. None: the time is over.
    fn each_piece(&self, mut each: impl FnMut(&[u32])) -> Option<()> {
        let (mut piece, mut steps) = (Piece::new(), 0);
        for word in &self.words {
            let Some(mut scan) = word.found.scan() else { continue };
            while scan.load(&mut piece, false) {
                each(piece.docs());
                self.step(&mut steps, piece.docs().len())?;
            }
        }
        Some(())
    }

    /// Has come by so many more documents. None: the time is over.
    #[inline]
    fn step(&self, steps: &mut usize, docs: usize) -> Option<()> {
        *steps += docs;
        if *steps < STOP_INTERVAL {
            return Some(());
        }
        *steps = 0;
        (!self.run.options.interrupt.stop()).then_some(())
    }
}

impl Word<'_> {
    fn find_bound(&mut self, scoring: &Scoring<'_>) {
        let (leaf, impact) = (self.found.leaf(1), self.found.best_impact());
        let bound = match impact {
            Some(impact) => scoring.bound(&leaf, &impact),
            None => scoring.bound_of_any(&leaf),
        };
        // Nothing times infinity is no number.
        self.bound = if self.scale == 0.0 { 0.0 } else { self.scale * bound };
        self.freq = self.found.freq_max();
    }
}
