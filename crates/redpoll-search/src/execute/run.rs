//! Going through the parts.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::build::{build, term};
use super::collect::{ByScore, Kept};
use super::iter::{DocIter, END, Iter, Term};
use super::options::{Hit, SearchError, SearchOptions, SearchResults, Sort};
use super::plan::{Kind, Planned, plan};
use crate::document::Value;
use crate::index::part::{Part, PartView};
use crate::index::{DocAddress, Snapshot};
use crate::query::Node;
use crate::score::{Explanation, Scoring};

/// Documents between two looks at whether to give up.
const STOP_INTERVAL: u32 = 1024;
/// A query that comes by fewer documents than this is not worth another thread.
const THREAD_COST: u64 = 100_000;

impl Snapshot {
    /// Searches.
    ///
    /// # Errors
    /// If the query's vector or shape does not fit the field.
    pub fn search(
        &self,
        query: &Node,
        options: &SearchOptions<'_>,
    ) -> Result<SearchResults, SearchError> {
        let planned = plan(self, query, options)?;
        let run = Run { snapshot: self, planned: &planned, options };
        let mut outcome = run.all_parts();
        outcome.interrupted |= planned.interrupted;
        let hits = run.hits(outcome.kept);
        Ok(SearchResults {
            total: outcome.total,
            hits,
            interrupted: outcome.interrupted,
            truncated: planned.truncated,
        })
    }

    /// Calls `each` for every document that answers the query, in the order in which they were
    /// indexed, with its score if the options want scores, until it says to stop. Offset, limit and
    /// sort of the options do not matter. The results hold no hits.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn for_each(
        &self,
        query: &Node,
        options: &SearchOptions<'_>,
        mut each: impl FnMut(&Hit) -> ControlFlow<()>,
    ) -> Result<SearchResults, SearchError> {
        let planned = plan(self, query, options)?;
        let run = Run { snapshot: self, planned: &planned, options };
        let mut results = SearchResults {
            interrupted: planned.interrupted,
            truncated: planned.truncated,
            ..SearchResults::default()
        };
        for part in 0..self.parts().len() as u32 {
            let view = &self.parts()[part as usize];
            let mut iter = run.iter(part);
            let mut scoring = run.scoring(view);
            let walked = run.walk(view, &mut iter, |iter, doc| {
                results.total += 1;
                let score = if options.scores { score(iter, &mut scoring, doc, 0.0) } else { 0.0 };
                let address = DocAddress { part, doc };
                each(&run.hit(address, score, Value::None))
            });
            if walked.is_break() {
                results.interrupted |= options.interrupt.stop();
                break;
            }
        }
        Ok(results)
    }
}

struct Run<'a> {
    snapshot: &'a Snapshot,
    planned: &'a Planned,
    options: &'a SearchOptions<'a>,
}

/// What going through some parts has brought.
struct Outcome {
    total: u64,
    kept: Kept,
    interrupted: bool,
}

impl<'a> Run<'a> {
    fn outcome(&self) -> Outcome {
        let kept = Kept::new(self.snapshot, self.options, &self.planned.distances);
        Outcome { total: 0, kept, interrupted: false }
    }

    /// Goes through all parts, with several threads if it is worth it.
    fn all_parts(&self) -> Outcome {
        let parts = self.snapshot.parts().len();
        let threads = self.options.threads.min(parts);
        if threads < 2 || self.cost() < THREAD_COST {
            let mut outcome = self.outcome();
            for part in 0..parts as u32 {
                if outcome.interrupted {
                    break;
                }
                self.part(part, &mut outcome);
            }
            return outcome;
        }
        // The largest parts first, so that no thread begins with one when the others are done.
        let mut order: Vec<u32> = (0..parts as u32).collect();
        order.sort_by_key(|part| std::cmp::Reverse(self.snapshot.parts()[*part as usize].docs));
        let next = AtomicUsize::new(0);
        let merged = Mutex::new(self.outcome());
        let work = || {
            let mut outcome = self.outcome();
            while let Some(part) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                if outcome.interrupted {
                    break;
                }
                self.part(*part, &mut outcome);
            }
            let mut merged = merged.lock();
            merged.total += outcome.total;
            merged.interrupted |= outcome.interrupted;
            merged.kept.merge(outcome.kept);
        };
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        merged.into_inner()
    }

    /// About how many documents the query comes by.
    fn cost(&self) -> u64 {
        let parts = 0..self.snapshot.parts().len() as u32;
        match &self.planned.plan.kind {
            Kind::All | Kind::Not(_) | Kind::Optional(_) => self.snapshot.docs(),
            _ => parts.map(|part| self.iter(part).cost()).sum(),
        }
    }

    /// The iterator of the query over a part.
    fn iter(&self, part: u32) -> Iter<'a> {
        let view = &self.snapshot.parts()[part as usize];
        build(&self.planned.plan, part as usize, view, self.options.scorer.uses_slop())
    }

    fn scoring(&self, view: &'a PartView) -> Scoring<'a> {
        Scoring {
            scorer: self.options.scorer,
            len_mean: self.snapshot.len_mean(),
            part: view,
            doc: END,
            len: 0,
            payload: self.options.payload,
        }
    }

    fn part(&self, part: u32, outcome: &mut Outcome) {
        let view = &self.snapshot.parts()[part as usize];
        if view.live() == 0 {
            return;
        }
        let all_live = view.deletes.count() == 0;
        let bounded = bounded(view);
        if let Kind::Term { .. } = self.planned.plan.kind {
            let Some(term) = term(&self.planned.plan, part as usize, view) else { return };
            if self.leaping(view, all_live) {
                return self.leap(part, term, outcome);
            }
        }
        if matches!(self.planned.plan.kind, Kind::All) && self.only_counts(outcome) {
            outcome.total += u64::from(view.live());
            return;
        }
        let mut iter = self.iter(part);
        let by_score = matches!(self.options.sort, Sort::Score);
        let counts = self.only_counts(outcome);
        let mut scoring = self.scoring(view);
        let walked = self.walk(view, &mut iter, |iter, doc| {
            outcome.total += 1;
            let address = DocAddress { part, doc };
            match &mut outcome.kept {
                _ if counts => {}
                Kept::Scores(best) if by_score => {
                    let least = best.last().map_or(f64::NEG_INFINITY, |last| last.score);
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

    /// Whether the documents of a word need not all be looked at: there is a bound of their scores,
    /// and how many there are is known or not wanted.
    fn leaping(&self, view: &PartView, all_live: bool) -> bool {
        bounded(view)
            && matches!(self.options.sort, Sort::Score)
            && (all_live || !self.options.exact_count)
    }

    /// Goes through the documents of a word, and leaps over blocks in which none can be among the
    /// best.
    fn leap(&self, part: u32, mut term: Term<'a>, outcome: &mut Outcome) {
        let view = &self.snapshot.parts()[part as usize];
        let Kept::Scores(best) = &mut outcome.kept else { return };
        let counted = term.count();
        outcome.total += u64::from(counted.unwrap_or(0));
        if counted.is_some() && best.last().is_none() && self.options.limit == 0 {
            return;
        }
        let all_live = view.deletes.count() == 0;
        let mut scoring = self.scoring(view);
        // Up to which document the bound of the block was looked at.
        let mut block_end = None;
        let mut doc = term.seek(0);
        let mut steps = 0u32;
        while doc < view.docs {
            let least = best.last().map(|last| last.score);
            if let Some(least) = least
                && counted.is_some()
                && block_end.is_none_or(|end| doc > end)
                && let Some((impact, last)) = term.impact(doc)
            {
                if scoring.bound(&term.leaf(1), &impact) < least {
                    doc = term.seek(last + 1);
                    continue;
                }
                block_end = Some(last);
            }
            if all_live || !view.deletes.contains(doc) {
                outcome.total += u64::from(counted.is_none());
                scoring.go_to(doc);
                let sum = term.score(&scoring);
                let least = least.unwrap_or(f64::NEG_INFINITY);
                let score = scoring.total(sum, least, || 1);
                if score >= least {
                    best.push(ByScore { score, address: DocAddress { part, doc } });
                }
            }
            steps += 1;
            if steps.is_multiple_of(STOP_INTERVAL) && self.options.interrupt.stop() {
                outcome.interrupted = true;
                return;
            }
            doc = term.step();
        }
    }

    /// The results in order, from the offset on.
    fn hits(&self, kept: Kept) -> Vec<Hit> {
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

/// Whether scores have bounds: if all documents' own scores are 1.
fn bounded(view: &PartView) -> bool {
    matches!(&view.part, Part::Segment(segment) if segment.table.scores.is_none())
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
