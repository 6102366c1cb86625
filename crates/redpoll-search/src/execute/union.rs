//! The best documents of a union of words, and how many documents it has.
//!
//! The lists are gone through one by one, and their documents are set as bits, which is all that
//! counting takes: about a nanosecond a posting, and no comparing of the words' places. A document
//! is scored when the first list that has it comes by. What words come later can add is known, so
//! that most documents need no score: they are passed over by how often they have the word and by
//! how long they are. The words that can give most come first; once those that are left cannot
//! give enough even together (MaxScore), their documents are counted and no more.
//!
//! Where a document's score is that of the first word that it has, as with the words of a prefix,
//! the words come in their order, and none adds anything.

use super::build::{Found, find};
use super::collect::{Best, ByScore};
use super::iter::{DocIter, Term};
use super::plan::{Kind, Plan};
use super::run::Run;
use super::worth::{Addend, SLACK, Worth};
use crate::index::DocAddress;
use crate::index::bits::{Bits, Deletes};
use crate::index::part::PartView;
use crate::index::postings::Piece;
use crate::score::Scoring;

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
        let (mut seen, mut piece) = (Seen::new(self.view), Piece::new());
        for word in &self.words {
            let Some(mut scan) = word.found.scan() else { continue };
            while scan.load(&mut piece, false) {
                seen.add(piece.docs(), &self.run)?;
            }
        }
        Some(seen.live())
    }

    /// Keeps the best, and says how many documents there are. None: the time is over.
    pub fn best(mut self, best: &mut Best<ByScore>) -> Option<u64> {
        let scoring = self.run.scoring(self.view);
        if !self.first_only {
            self.words.iter_mut().for_each(|word| word.find_bound(&scoring));
            self.words.sort_by(|one, other| other.bound.total_cmp(&one.bound));
        }
        let (sums, seen) = (Sums::new(&self), Seen::new(self.view));
        let mut pass = Pass { union: &self, scoring, sums, seen, piece: Piece::new() };
        for number in 0..self.words.len() {
            pass.word(number, best)?;
        }
        Some(pass.seen.live())
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
        let most = impact.and_then(|impact| impact.pairs().last());
        self.freq = most.map_or(u32::MAX, |(freq, _)| freq);
    }
}

/// Which documents have come by.
struct Seen<'a> {
    view: &'a PartView,
    bits: Bits,
    count: u64,
    /// Documents since somebody asked whether to give up.
    steps: usize,
}

impl<'a> Seen<'a> {
    fn new(view: &'a PartView) -> Self {
        Seen { view, bits: Bits::new(view.docs), count: 0, steps: 0 }
    }

    /// Adds documents. None: the time is over.
    #[inline]
    fn add(&mut self, docs: &[u32], run: &Run<'_>) -> Option<()> {
        let new = docs.iter().map(|doc| u64::from(self.bits.insert(*doc)));
        self.count += new.sum::<u64>();
        self.steps += docs.len();
        if self.steps < STOP_INTERVAL {
            return Some(());
        }
        self.steps = 0;
        (!run.options.interrupt.stop()).then_some(())
    }

    /// How many are not deleted.
    fn live(&self) -> u64 {
        let mut count = self.count;
        if self.view.deletes.count() > 0 {
            let deleted = |doc| count -= u64::from(self.bits.contains(doc));
            self.view.deletes.for_each_since(&Deletes::default(), deleted);
        }
        count
    }
}

/// Going through the words for the best.
struct Pass<'u, 'a> {
    union: &'u Union<'a>,
    scoring: Scoring<'a>,
    sums: Sums<'u, 'a>,
    seen: Seen<'a>,
    piece: Piece,
}

impl<'a> Pass<'_, 'a> {
    /// Goes through the list of a word. None: the time is over.
    fn word(&mut self, number: usize, best: &mut Best<ByScore>) -> Option<()> {
        let word = &self.union.words[number];
        let Some(mut scan) = word.found.scan() else { return Some(()) };
        let mut worth = Worth::beside(&word.found, word.scale, self.sums.addends(number));
        self.sums.begin();
        loop {
            worth.raise(best.least());
            let may = worth.has_any(&self.scoring, scan.impact());
            if !scan.load(&mut self.piece, may) {
                return Some(());
            }
            if may {
                self.candidates(number, &mut worth, best);
            }
            self.seen.add(self.piece.docs(), &self.union.run)?;
        }
    }

    /// Scores the documents of a piece that may be among the best.
    fn candidates(&mut self, number: usize, worth: &mut Worth<'_>, best: &mut Best<ByScore>) {
        let Union { view, part, .. } = *self.union;
        for (doc, freq) in self.piece.postings() {
            if !worth.has(&self.scoring, freq, view.len(doc))
                || self.seen.bits.contains(doc)
                || view.deletes.contains(doc)
            {
                continue;
            }
            self.scoring.go_to(doc);
            let least = best.least();
            let Some(sum) = self.sums.of(number, freq, &self.scoring, least) else { continue };
            let score = self.scoring.total(sum, least, || 1);
            // Of equal scores too, as parts may be gone through in any order.
            if score >= least {
                best.push(ByScore { score, address: DocAddress { part, doc } });
            }
        }
    }
}

/// What words give together.
struct Sums<'u, 'a> {
    union: &'u Union<'a>,
    /// What the words behind each can give together.
    rests: Vec<f64>,
    /// What each word of the query gives to the score of a document.
    parts: Vec<f64>,
    /// The documents of the words behind the one that is gone through, as far as they were asked
    /// for; the word itself and those before it have none.
    later: Vec<Option<Term<'a>>>,
}

impl<'u, 'a> Sums<'u, 'a> {
    fn new(union: &'u Union<'a>) -> Self {
        let mut rest = 0.0;
        let mut rests: Vec<f64> = Vec::with_capacity(union.words.len());
        for word in union.words.iter().rev() {
            rests.push(rest);
            rest += if union.first_only { 0.0 } else { word.bound };
        }
        rests.reverse();
        Sums { union, rests, parts: vec![0.0; union.places], later: Vec::new() }
    }

    /// Another word is gone through.
    fn begin(&mut self) {
        self.later.clear();
    }

    /// What words behind one can add to what it gives.
    fn addends(&self, number: usize) -> Vec<Addend<'a>> {
        let later = &self.union.words[number + 1..];
        let later = if self.union.first_only { &[] } else { later };
        let one = |word: &Word<'a>| Addend { leaf: word.found.leaf(word.freq), scale: word.scale };
        later.iter().map(one).collect()
    }

    /// The sum for the document of `scoring`, in which a word occurs so often and none before it
    /// does. None as soon as it cannot be enough.
    fn of(&mut self, number: usize, freq: u32, scoring: &Scoring<'_>, least: f64) -> Option<f64> {
        let union = self.union;
        let word = &union.words[number];
        let part = scoring.leaf(&word.found.leaf(freq));
        let mut sum = word.scale * part;
        if union.first_only {
            return Some(sum);
        }
        self.parts.fill(0.0);
        self.parts[word.place] = part;
        for (index, word) in union.words[number + 1..].iter().enumerate() {
            if (sum + self.rests[number + index]) * SLACK < least {
                return None;
            }
            if self.later.len() == index {
                self.later.push(word.found.term(false));
            }
            let Some(term) = &mut self.later[index] else { continue };
            if term.seek(scoring.doc) == scoring.doc {
                let part = term.score(scoring);
                self.parts[word.place] = part;
                sum += word.scale * part;
            }
        }
        if sum * SLACK < least {
            return None;
        }
        // In the order of the query, as the iterators do.
        let mut at = 0;
        Some(evaluate(union.plan, &self.parts, &mut at))
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
