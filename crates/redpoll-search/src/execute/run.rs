//! Going through the parts of a snapshot.

use std::ops::ControlFlow;

use super::build::{Builder, Found, find};
use super::collect::{ByScore, Kept};
use super::intersection::Intersection;
use super::iter::{DocIter, END, Iter};
use super::options::{Hit, SearchOptions, Sort};
use super::plan::{Kind, Planned};
use super::profile::Counts;
use super::union::Union;
use super::word::Word;
use crate::document::Value;
use crate::index::part::PartView;
use crate::index::postings::Piece;
use crate::index::{DocAddress, Snapshot};
use crate::score::{Explanation, Scoring};

/// Documents between two looks at whether to give up.
const STOP_INTERVAL: u32 = 1024;

/// A search that goes through parts.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub snapshot: &'a Snapshot,
    pub planned: &'a Planned,
    pub options: &'a SearchOptions,
    /// Who wants to know what iterators do.
    pub watch: Option<&'a Counts>,
}

/// What going through some parts has brought.
pub struct Outcome {
    pub total: u64,
    pub kept: Kept,
    pub interrupted: bool,
}

impl Outcome {
    /// Takes in what another thread has found.
    pub fn merge(&mut self, other: Outcome) {
        self.total += other.total;
        self.interrupted |= other.interrupted;
        self.kept.merge(other.kept);
    }
}

impl<'a> Run<'a> {
    /// Nothing yet.
    pub fn outcome(&self) -> Outcome {
        let kept = Kept::new(self.snapshot, self.options, &self.planned.distances);
        Outcome { total: 0, kept, interrupted: false }
    }

    /// Calls `each` for every document of a part that answers the query.
    pub fn each(
        &self,
        part: u32,
        each: &mut impl FnMut(&Hit) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let view = &self.snapshot.parts()[part as usize];
        let wanted = self.options.scores;
        if !wanted
            && self.watch.is_none()
            && let Some(found) = find(&self.planned.plan, part as usize, view)
        {
            let each = |doc| each(&self.hit(DocAddress { part, doc }, 0.0, Value::None));
            return self.each_of(&found, view, each);
        }
        let mut iter = self.iter(part);
        let mut scoring = self.scoring(view);
        self.walk(view, &mut iter, |iter, doc| {
            let score = if wanted { score(iter, &mut scoring, doc, 0.0) } else { 0.0 };
            each(&self.hit(DocAddress { part, doc }, score, Value::None))
        })
    }

    /// Calls `each` for every document of a word that is not deleted.
    fn each_of(
        &self,
        found: &Found<'a>,
        view: &PartView,
        mut each: impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(mut scan) = found.scan() else { return ControlFlow::Continue(()) };
        let (mut piece, mut steps) = (Piece::new(), 0);
        let all_live = view.deletes.count() == 0;
        while scan.load(&mut piece, false) {
            for doc in piece.docs() {
                if all_live || !view.deletes.contains(*doc) {
                    each(*doc)?;
                }
            }
            steps += piece.docs().len() as u32;
            if steps >= STOP_INTERVAL {
                steps = 0;
                if self.options.interrupt.stop() {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The iterator of the query over a part.
    pub fn iter(&self, part: u32) -> Iter<'a> {
        let view = &self.snapshot.parts()[part as usize];
        let builder = Builder { part: part as usize, view, watch: self.watch };
        builder.build(&self.planned.plan, self.options.scorer.uses_slop())
    }

    /// What scores in a part are made of.
    pub fn scoring(&self, view: &'a PartView) -> Scoring<'a> {
        Scoring {
            scorer: self.options.scorer,
            len_mean: self.snapshot.len_mean(),
            part: view,
            doc: END,
            len: 0,
            payload: self.options.payload.as_deref(),
        }
    }

    /// Goes through a part.
    pub fn part(&self, part: u32, outcome: &mut Outcome) {
        let view = &self.snapshot.parts()[part as usize];
        if view.live() == 0 {
            return;
        }
        // Scores have bounds if all documents' own scores are 1.
        let bounded = view.scores_are_one();
        let by_score = matches!(self.options.sort, Sort::Score);
        let counts = self.only_counts(outcome);
        if counts && matches!(self.planned.plan.kind, Kind::All) {
            outcome.total += u64::from(view.live());
            return;
        }
        // Who wants to know what iterators do gets no short cuts.
        if self.watch.is_none() && (counts || by_score && bounded) && self.lists(part, outcome) {
            return;
        }
        let mut iter = self.iter(part);
        let mut scoring = self.scoring(view);
        let walked = self.walk(view, &mut iter, |iter, doc| {
            outcome.total += 1;
            let address = DocAddress { part, doc };
            match &mut outcome.kept {
                _ if counts => {}
                Kept::Scores(best) if by_score => {
                    let least = best.least();
                    if bounded && least > 0.0 && iter.bound(&scoring) < least {
                        return ControlFlow::Continue(());
                    }
                    let score = score(iter, &mut scoring, doc, least);
                    // Of equal scores too, as parts may be gone through in any order.
                    if score >= least {
                        best.push(ByScore { score, address });
                    }
                }
                kept => kept.push(self.snapshot, &self.planned.distances, address),
            }
            ControlFlow::Continue(())
        });
        outcome.interrupted |= walked.is_break();
    }

    /// Goes through the lists of a word, or of an intersection or union of words, without any
    /// iterator. False: the query is none of these, or what is to be kept is not found that way.
    fn lists(&self, part: u32, outcome: &mut Outcome) -> bool {
        let counts = self.only_counts(outcome);
        let best = match &mut outcome.kept {
            Kept::Scores(best) if !counts => Some(best),
            _ if counts => None,
            _ => return false,
        };
        if let Some(word) = Word::new(*self, part) {
            outcome.total += word.count();
            outcome.interrupted |= best.is_some_and(|best| !word.best(best));
            return true;
        }
        if !counts && !self.options.scorer.sums_words() {
            return false;
        }
        let total = if let Some(all) = Intersection::new(*self, part) {
            all.best(best)
        } else if let Some(union) = Union::new(*self, part) {
            match best {
                Some(best) => union.best(best),
                None => union.count(),
            }
        } else {
            return false;
        };
        self.found(total, outcome)
    }

    /// Takes in how many documents a part has; none: the time is over.
    fn found(&self, total: Option<u64>, outcome: &mut Outcome) -> bool {
        match total {
            Some(total) => outcome.total += total,
            None => {
                outcome.interrupted = true;
                outcome.total = outcome.total.max(outcome.kept.len() as u64);
            }
        }
        true
    }

    fn only_counts(&self, outcome: &Outcome) -> bool {
        outcome.kept.keeps_nothing()
    }

    /// Calls `each` for every document of a part that matches and is not deleted.
    fn walk(
        &self,
        view: &PartView,
        iter: &mut Iter<'a>,
        mut each: impl FnMut(&mut Iter<'a>, u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let all_live = view.deletes.count() == 0;
        let mut doc = iter.seek(0);
        let mut steps = 0u32;
        while doc < view.docs {
            if all_live || !view.deletes.contains(doc) {
                each(iter, doc)?;
            }
            steps += 1;
            if steps.is_multiple_of(STOP_INTERVAL) && self.options.interrupt.stop() {
                return ControlFlow::Break(());
            }
            doc = iter.step();
        }
        ControlFlow::Continue(())
    }

    /// The results in order, from the offset on.
    pub fn hits(&self, kept: Kept) -> Vec<Hit> {
        let sorted = kept.into_sorted().into_iter().skip(self.options.offset);
        let mut hits: Vec<Hit> =
            sorted.map(|(address, score, value)| self.hit(address, score, value)).collect();
        let by_score = matches!(self.options.sort, Sort::Score);
        if self.options.explain || self.options.scores && !by_score {
            self.score_hits(&mut hits);
        }
        hits
    }

    fn hit(&self, address: DocAddress, score: f64, sort_value: Value) -> Hit {
        let distance = |distances: &super::plan::Distances| {
            Some((distances.name.clone(), *distances.by_doc.get(&address)?))
        };
        let distances = self.planned.distances.iter().filter_map(distance).collect();
        Hit { address, score, sort_value, distances, explanation: None }
    }

    /// Computes the scores of results, and how they come about.
    fn score_hits(&self, hits: &mut [Hit]) {
        let mut order: Vec<usize> = (0..hits.len()).collect();
        order.sort_by_key(|index| hits[*index].address);
        let mut current: Option<(u32, Iter<'a>)> = None;
        for index in order {
            let hit = &mut hits[index];
            let part = hit.address.part;
            if current.as_ref().is_none_or(|(other, _)| *other != part) {
                let mut iter = self.iter(part);
                iter.seek(0);
                current = Some((part, iter));
            }
            let Some((_, iter)) = &mut current else { continue };
            if iter.seek(hit.address.doc) != hit.address.doc {
                continue;
            }
            let mut scoring = self.scoring(&self.snapshot.parts()[part as usize]);
            hit.score = score(iter, &mut scoring, hit.address.doc, 0.0);
            if self.options.explain {
                hit.explanation = Some(explain(iter, &scoring));
            }
        }
    }
}

/// The score of the document that the iterator stands on. It may be wrong if it is below `least`.
fn score(iter: &mut Iter<'_>, scoring: &mut Scoring<'_>, doc: u32, least: f64) -> f64 {
    scoring.go_to(doc);
    let sum = if scoring.scorer.uses_words() { iter.score(scoring) } else { 0.0 };
    scoring.total(sum, least, || iter.slop())
}

fn explain(iter: &mut Iter<'_>, scoring: &Scoring<'_>) -> Explanation {
    if !scoring.scorer.uses_words() {
        return scoring.explain_total(0.0, 1, Explanation::default());
    }
    let sum = iter.score(scoring);
    let words = iter.explain(scoring);
    let slop = if scoring.scorer.uses_slop() { iter.slop() } else { 1 };
    scoring.explain_total(sum, slop, words)
}
