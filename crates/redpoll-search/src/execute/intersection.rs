//! The best documents that have several words, and how many have all of them.
//!
//! The list of the rarest word leads, 128 postings at a time; where the others stand is compared
//! with it directly, without iterators in between. How many documents there are is known only when
//! all have been found, but no score is made of one that cannot be among the best by the bounds of
//! the blocks that it stands in.

use super::build::{Found, find};
use super::collect::{Best, ByScore};
use super::iter::{DocIter, END, Term};
use super::plan::{Kind, Plan};
use super::run::Run;
use super::worth::SLACK;
use crate::index::DocAddress;
use crate::index::part::PartView;
use crate::index::postings::Piece;
use crate::score::Scoring;

/// Postings between two looks at whether to give up.
const STOP_INTERVAL: usize = 1024;

/// An intersection of words, in one part.
pub struct Intersection<'a> {
    run: Run<'a>,
    part: u32,
    view: &'a PartView,
    weight: f64,
    /// The words with their places in the query, the rarest first; none if the part lacks one.
    words: Vec<(Found<'a>, usize)>,
}

impl<'a> Intersection<'a> {
    /// The plan as an intersection of words, if it is one, and they may stand anywhere.
    pub fn new(run: Run<'a>, part: u32) -> Option<Self> {
        let view = &run.snapshot.parts()[part as usize];
        let Plan { kind: Kind::And { children, near: None }, weight } = &run.planned.plan else {
            return None;
        };
        let is_word = |child: &Plan| matches!(child.kind, Kind::Term { .. });
        if *weight < 0.0 || children.is_empty() || !children.iter().all(is_word) {
            return None;
        }
        let words = children.iter().enumerate();
        let words = words.map(|(place, word)| Some((find(word, part as usize, view)?, place)));
        let mut words: Vec<_> = words.collect::<Option<_>>().unwrap_or_default();
        words.sort_by_key(|(word, _)| word.info.count);
        Some(Intersection { run, part, view, weight: *weight, words })
    }

    /// Keeps the best, if some are to be kept, and says how many there are. None: the time is over.
    pub fn best(&self, mut best: Option<&mut Best<ByScore>>) -> Option<u64> {
        let Some(((lead, place), others)) = self.words.split_first() else { return Some(0) };
        let Some(mut scan) = lead.scan() else { return Some(0) };
        let other = |(word, place): &(Found<'a>, usize)| Some((word.term(false)?, *place));
        let Some(others) = others.iter().map(other).collect::<Option<Vec<_>>>() else {
            return Some(0);
        };
        let scoring = self.run.scoring(self.view);
        let parts = vec![0.0; self.words.len()];
        let mut state = State { all: self, scoring, others, parts };
        let (mut piece, mut total, mut steps) = (Piece::new(), 0, 0);
        // No document before this one has all of the other words.
        let mut from = 0;
        loop {
            scan.skip_to(from);
            let bound = match scan.impact() {
                Some(impact) => state.scoring.bound(&lead.leaf(1), &impact),
                None => state.scoring.bound_of_any(&lead.leaf(1)),
            };
            if from == END || !scan.load(&mut piece, best.is_some()) {
                return Some(total);
            }
            for (doc, freq) in piece.postings() {
                if doc < from || !state.have(doc, &mut from) || self.view.deletes.contains(doc) {
                    continue;
                }
                total += 1;
                if let Some(best) = &mut best {
                    state.keep(doc, (*place, lead, freq), bound, best);
                }
            }
            steps += piece.docs().len();
            if steps >= STOP_INTERVAL {
                steps = 0;
                if self.run.options.interrupt.stop() {
                    return None;
                }
            }
        }
    }
}

/// The words that do not lead, and what scores are made of.
struct State<'u, 'a> {
    all: &'u Intersection<'a>,
    scoring: Scoring<'a>,
    others: Vec<(Term<'a>, usize)>,
    /// What each word of the query gives to the score of a document.
    parts: Vec<f64>,
}

impl<'a> State<'_, 'a> {
    /// Whether a document has all of the other words. If not, `from` is the first that may.
    #[inline]
    fn have(&mut self, doc: u32, from: &mut u32) -> bool {
        for (other, _) in &mut self.others {
            let found = other.seek(doc);
            if found != doc {
                *from = found;
                return false;
            }
        }
        true
    }

    /// Keeps a document if it is among the best. `bound` is the most that the lead can give to it.
    fn keep(
        &mut self,
        doc: u32,
        (place, lead, freq): (usize, &Found<'a>, u32),
        bound: f64,
        best: &mut Best<ByScore>,
    ) {
        let Intersection { weight, part, .. } = *self.all;
        let least = best.least();
        if least > 0.0 {
            let others = self.others.iter_mut().map(|(other, _)| other.bound(&self.scoring));
            let sum = bound + others.sum::<f64>();
            // Nothing times infinity is no bound.
            if sum.is_finite() && weight * sum * SLACK < least {
                return;
            }
        }
        self.scoring.go_to(doc);
        self.parts[place] = self.scoring.leaf(&lead.leaf(freq));
        for (other, place) in &mut self.others {
            self.parts[*place] = other.score(&self.scoring);
        }
        // In the order of the query, as the iterators do.
        let sum = self.parts.iter().fold(0.0, |sum, part| sum + part);
        let score = self.scoring.total(weight * sum, least, || 1);
        // Of equal scores too, as parts may be gone through in any order.
        if score >= least {
            best.push(ByScore { score, address: DocAddress { part, doc } });
        }
    }
}
