//! The best documents of a union of words, and how many documents it has.
//!
//! Counting and finding the best are two things here. To count, the documents of each word are set
//! as bits, which takes about a nanosecond a posting and no comparing of the words' places. To find
//! the best, most postings need not be looked at: once as many documents are kept as are wanted,
//! only those matter that score more than the last of them, and a document that has none but words
//! of little worth cannot. So these words do not lead to documents; they are asked only about those
//! that the others lead to (MaxScore), and where the bounds of the blocks in which the others stand
//! say that nothing can come of it, the blocks are leapt over.
//!
//! Where a document's score is that of the first word that it has, as with the words of a prefix,
//! one pass does both: word by word, and whoever sets a document's bit makes its score.

use super::build::term;
use super::collect::{Best, ByScore};
use super::iter::{DocIter, END, Term};
use super::plan::{Kind, Plan};
use super::run::Run;
use crate::index::DocAddress;
use crate::index::bits::{Bits, Deletes};
use crate::index::part::PartView;
use crate::score::Scoring;

/// With fewer postings than one in so many documents of the part, bits are not worth it.
const SPARSE: u64 = 128;
/// Documents between two looks at whether to give up.
const STOP_INTERVAL: u32 = 1024;
/// Sums of bounds come about in another order than sums of scores, and may differ in the last
/// digits.
const SLACK: f64 = 1.0 + 1e-9;

/// A union of words, in one part.
pub struct Union<'a> {
    run: Run<'a>,
    part: u32,
    view: &'a PartView,
    plan: &'a Plan,
    /// Words that the part has, with what each is multiplied by, and which it is in the query.
    words: Vec<(&'a Plan, f64, usize)>,
    /// Words of the query.
    places: usize,
    first_only: bool,
}

impl<'a> Union<'a> {
    /// The plan as a union of words, if it is one and if the part has many of them.
    pub fn new(run: Run<'a>, part: u32) -> Option<Self> {
        let plan = &run.planned.plan;
        let Kind::Or { first_only, .. } = &plan.kind else { return None };
        let view = &run.snapshot.parts()[part as usize];
        let (first_only, words) = (*first_only, Vec::new());
        let mut union = Union { run, part, view, plan, words, places: 0, first_only };
        if !union.gather(plan, 1.0, 0) {
            return None;
        }
        let count = |(word, ..): &(&Plan, f64, usize)| match &word.kind {
            Kind::Term { infos, .. } => {
                infos[part as usize].map_or(0, |info| u64::from(info.count))
            }
            _ => 0,
        };
        let postings: u64 = union.words.iter().map(count).sum();
        (postings * SPARSE >= u64::from(view.docs)).then_some(union)
    }

    /// Collects the words below a union. False if there is anything else.
    fn gather(&mut self, plan: &'a Plan, scale: f64, depth: usize) -> bool {
        match &plan.kind {
            Kind::Term { infos, .. } => {
                if infos[self.part as usize].is_some() {
                    self.words.push((plan, scale, self.places));
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
        let mut bits = Bits::new(self.view.docs);
        for (word, ..) in &self.words {
            if let Some(mut term) = term(word, self.part as usize, self.view)
                && !self.set(&mut term, &mut bits)
            {
                return None;
            }
        }
        Some(self.live(&bits))
    }

    /// Sets the documents of a word. False: the time is over.
    fn set(&self, term: &mut Term<'a>, bits: &mut Bits) -> bool {
        let (mut steps, mut stopped) = (0, false);
        term.for_each_piece(|docs| {
            docs.iter().for_each(|doc| bits.insert(*doc));
            steps += docs.len() as u32;
            if steps >= STOP_INTERVAL {
                steps = 0;
                stopped = self.run.options.interrupt.stop();
            }
            !stopped
        });
        !stopped
    }

    /// How many of a set are not deleted.
    fn live(&self, bits: &Bits) -> u64 {
        let mut count = bits.count();
        if self.view.deletes.count() > 0 {
            let none = Deletes::default();
            self.view.deletes.for_each_since(&none, |doc| count -= u64::from(bits.contains(doc)));
        }
        count
    }

    /// Keeps the best. False: the time is over.
    pub fn best(&self, best: &mut Best<ByScore>) -> bool {
        let mut scoring = self.run.scoring(self.view);
        let mut words: Vec<Word<'a>> = Vec::with_capacity(self.words.len());
        for (plan, scale, place) in &self.words {
            let Some(mut term) = term(plan, self.part as usize, self.view) else { continue };
            let bound = scale * term.list_bound(&scoring);
            words.push(Word { doc: term.doc(), term, bound, scale: *scale, place: *place });
        }
        words.sort_by(|one, other| one.bound.total_cmp(&other.bound));
        let mut sum = 0.0;
        let sums = words.iter().map(|word| {
            sum += word.bound;
            sum
        });
        let sums: Vec<f64> = sums.collect();
        let parts = vec![0.0; self.places];
        let mut search = MaxScore { union: self, words, sums, leaders: 0, parts };
        search.run(&mut scoring, best)
    }

    /// Both at once, where the first word of a document makes its score. None: the time is over.
    pub fn first_words(&self, best: &mut Best<ByScore>) -> Option<u64> {
        let mut scoring = self.run.scoring(self.view);
        let mut bits = Bits::new(self.view.docs);
        let mut steps = 0u32;
        for (plan, scale, _) in &self.words {
            let Some(mut term) = term(plan, self.part as usize, self.view) else { continue };
            let bound = scale * term.list_bound(&scoring) * SLACK;
            while term.doc() < self.view.docs {
                let least = best.last().map_or(f64::NEG_INFINITY, |last| last.score);
                if bound < least {
                    // Nothing of the rest can be among the best; it counts all the same.
                    if !self.set(&mut term, &mut bits) {
                        return None;
                    }
                    break;
                }
                let doc = term.doc();
                if !bits.contains(doc) {
                    bits.insert(doc);
                    let (block, _) = term.block_bound(&scoring);
                    if scale * block * SLACK >= least && !self.view.deletes.contains(doc) {
                        scoring.go_to(doc);
                        let sum = scale * term.score(&scoring);
                        self.keep(best, &scoring, doc, sum, least);
                    }
                }
                term.step();
                steps += 1;
                if steps.is_multiple_of(STOP_INTERVAL) && self.run.options.interrupt.stop() {
                    return None;
                }
            }
        }
        Some(self.live(&bits))
    }

    #[inline]
    fn keep(
        &self,
        best: &mut Best<ByScore>,
        scoring: &Scoring<'_>,
        doc: u32,
        sum: f64,
        least: f64,
    ) {
        let score = scoring.total(sum, least, || 1);
        if score >= least {
            best.push(ByScore { score, address: DocAddress { part: self.part, doc } });
        }
    }

    /// Whether a document's score is that of its first word.
    pub fn is_first_only(&self) -> bool {
        self.first_only
    }
}

/// A word, where it stands, and the most that it can give to a score.
struct Word<'a> {
    term: Term<'a>,
    doc: u32,
    bound: f64,
    scale: f64,
    place: usize,
}

/// The search for the best.
struct MaxScore<'u, 'a> {
    union: &'u Union<'a>,
    /// By what they can give at most, the least first.
    words: Vec<Word<'a>>,
    /// What the words up to each can give together.
    sums: Vec<f64>,
    /// The first word that leads to documents; those before it cannot give enough even together.
    leaders: usize,
    /// What each word of the query gives to the score of a document.
    parts: Vec<f64>,
}

impl MaxScore<'_, '_> {
    fn run(&mut self, scoring: &mut Scoring<'_>, best: &mut Best<ByScore>) -> bool {
        let view = self.union.view;
        let mut steps = 0u32;
        loop {
            steps += 1;
            if steps.is_multiple_of(STOP_INTERVAL) && self.union.run.options.interrupt.stop() {
                return false;
            }
            let least = best.last().map_or(f64::NEG_INFINITY, |last| last.score);
            while self.sums.get(self.leaders).is_some_and(|sum| sum * SLACK < least) {
                self.leaders += 1;
            }
            let leaders = &self.words[self.leaders..];
            let Some(doc) = leaders.iter().map(|word| word.doc).min() else { return true };
            if doc >= view.docs {
                return true;
            }
            if least > f64::NEG_INFINITY
                && let Some(target) = self.leap(scoring, doc, least)
            {
                self.go_on(doc, target);
                continue;
            }
            if !view.deletes.contains(doc) && self.score(scoring, doc, least) {
                let mut at = 0;
                let sum = evaluate(self.union.plan, &self.parts, &mut at);
                self.union.keep(best, scoring, doc, sum, least);
            }
            self.go_on(doc, doc + 1);
        }
    }

    /// What the words before the leaders can give together.
    fn rest(&self) -> f64 {
        self.leaders.checked_sub(1).map_or(0.0, |last| self.sums[last])
    }

    /// Where to go on, if neither `doc` nor what follows it up to there can be among the best.
    fn leap(&mut self, scoring: &Scoring<'_>, doc: u32, least: f64) -> Option<u32> {
        let (mut bound, mut end) = (self.rest(), END - 1);
        for word in &mut self.words[self.leaders..] {
            if word.doc == doc {
                let (block, last) = word.term.block_bound(scoring);
                bound += word.scale * block;
                end = end.min(last);
            } else {
                end = end.min(word.doc - 1);
            }
        }
        (bound * SLACK < least).then(|| end.max(doc) + 1)
    }

    /// Sends the leaders that stand on `doc` to the first document at or behind `target`.
    fn go_on(&mut self, doc: u32, target: u32) {
        for word in &mut self.words[self.leaders..] {
            if word.doc == doc {
                word.doc =
                    if target == doc + 1 { word.term.step() } else { word.term.seek(target) };
            }
        }
    }

    /// Finds out what each word gives to a document. False as soon as it cannot be enough.
    fn score(&mut self, scoring: &mut Scoring<'_>, doc: u32, least: f64) -> bool {
        scoring.go_to(doc);
        self.parts.fill(0.0);
        let mut sum = 0.0;
        for word in &mut self.words[self.leaders..] {
            if word.doc == doc {
                let part = word.term.score(scoring);
                self.parts[word.place] = part;
                sum += word.scale * part;
            }
        }
        for index in (0..self.leaders).rev() {
            if (sum + self.sums[index]) * SLACK < least {
                return false;
            }
            let word = &mut self.words[index];
            if word.doc < doc {
                word.doc = word.term.seek(doc);
            }
            if word.doc == doc {
                let part = word.term.score(scoring);
                self.parts[word.place] = part;
                sum += word.scale * part;
            }
        }
        sum * SLACK >= least
    }
}

/// The sum of a document's parts, made in the order of the query.
fn evaluate(plan: &Plan, parts: &[f64], at: &mut usize) -> f64 {
    let Kind::Or { children, .. } = &plan.kind else {
        *at += 1;
        return parts[*at - 1];
    };
    let mut sum = 0.0;
    for child in children {
        sum += evaluate(child, parts, at);
    }
    plan.weight * sum
}
