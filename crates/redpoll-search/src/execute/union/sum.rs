//! Unions in which all words that a document has make its score.
//!
//! The words that can give most come first; once those that are left cannot give enough even
//! together (MaxScore), nothing is looked at any more. A posting of a document that no other list
//! has must be worth it by itself, which few are: their blocks are leapt over, but for documents
//! that other lists have, too. To these the words behind may add something. It is bounded by how
//! often they occur at most, in a document of that length, before it is looked up.

use super::super::collect::{Best, ByScore};
use super::super::iter::{DocIter, Term};
use super::super::plan::{Kind, Plan};
use super::super::worth::{Addend, SLACK, Worth};
use super::seen::Seen;
use super::{Union, Word};
use crate::index::DocAddress;
use crate::index::bits::Bits;
use crate::index::postings::Piece;
use crate::score::Scoring;

/// A block that is leapt over is about as much work as so many documents.
const LEAP: usize = 8;

/// Keeps the best, and says how many documents there are. None: the time is over.
pub fn best(mut union: Union<'_>, best: &mut Best<ByScore>) -> Option<u64> {
    let mut seen = Seen::new(union.view.docs);
    union.each_piece(|docs| seen.add(docs))?;
    let scoring = union.run.scoring(union.view);
    union.words.iter_mut().for_each(|word| word.find_bound(&scoring));
    union.words.sort_by(|one, other| other.bound.total_cmp(&one.bound));
    let (sums, kept) = (Sums::new(&union), Bits::new(union.view.docs));
    let mut pass = Pass { union: &union, scoring, sums, seen, kept, piece: Piece::new() };
    for number in 0..union.words.len() {
        pass.word(number, best)?;
    }
    let seen = pass.seen;
    Some(union.live(seen.count(), |doc| seen.contains(doc)))
}

/// Going through the words, those that can give most first.
struct Pass<'u, 'a> {
    union: &'u Union<'a>,
    scoring: Scoring<'a>,
    sums: Sums<'u, 'a>,
    seen: Seen,
    /// Documents that were among the best when they came by.
    kept: Bits,
    piece: Piece,
}

impl<'a> Pass<'_, 'a> {
    /// Goes through the list of a word. None: the time is over.
    fn word(&mut self, number: usize, best: &mut Best<ByScore>) -> Option<()> {
        let word = &self.union.words[number];
        let Some(mut scan) = word.found.scan() else { return Some(()) };
        if self.sums.most(number) * SLACK < best.least() {
            return Some(());
        }
        let mut alone = Worth::beside(&word.found, word.scale, Vec::new());
        let mut beside = Worth::beside(&word.found, word.scale, self.sums.addends(number));
        self.sums.begin();
        let mut steps = 0;
        loop {
            alone.raise(best.least());
            beside.raise(best.least());
            let impact = scan.impact();
            if !beside.has_any(&self.scoring, impact) {
                scan.skip();
                self.union.step(&mut steps, LEAP)?;
                continue;
            }
            if !scan.load(&mut self.piece, true) {
                return Some(());
            }
            self.union.step(&mut steps, self.piece.docs().len())?;
            if !alone.has_any(&self.scoring, impact) {
                let Pass { piece, seen, .. } = self;
                piece.retain(|doc| seen.is_shared(doc));
            }
            self.candidates(number, (&mut alone, &mut beside), best);
        }
    }

    /// Scores the documents of the piece that may be among the best.
    fn candidates(
        &mut self,
        number: usize,
        (alone, beside): (&mut Worth<'a>, &mut Worth<'a>),
        best: &mut Best<ByScore>,
    ) {
        let Union { view, part, .. } = *self.union;
        for (doc, freq) in self.piece.postings() {
            let shared = self.seen.is_shared(doc);
            let worth = if shared { &mut *beside } else { &mut *alone };
            if !worth.has(&self.scoring, freq, view.len(doc))
                || view.deletes.contains(doc)
                // A word before this one has led to it. Others that it has led to were not good
                // enough, and are even worse without that word.
                || shared && self.kept.contains(doc)
            {
                continue;
            }
            self.scoring.go_to(doc);
            let least = best.least();
            let sum = self.sums.of(number, (freq, shared), &self.scoring, least);
            let Some(sum) = sum else { continue };
            let score = self.scoring.total(sum, least, || 1);
            // Of equal scores too, as parts may be gone through in any order.
            if score >= least {
                best.push(ByScore { score, address: DocAddress { part, doc } });
                self.kept.insert(doc);
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
    /// for.
    later: Vec<Option<Term<'a>>>,
}

impl<'u, 'a> Sums<'u, 'a> {
    fn new(union: &'u Union<'a>) -> Self {
        let mut rest = 0.0;
        let mut rests: Vec<f64> = Vec::with_capacity(union.words.len());
        for word in union.words.iter().rev() {
            rests.push(rest);
            rest += word.bound;
        }
        rests.reverse();
        Sums { union, rests, parts: vec![0.0; union.places], later: Vec::new() }
    }

    /// Another word is gone through.
    fn begin(&mut self) {
        self.later.clear();
    }

    /// The most that a word and those behind it can give together.
    fn most(&self, number: usize) -> f64 {
        self.union.words[number].bound + self.rests[number]
    }

    /// What words behind one can add to what it gives.
    fn addends(&self, number: usize) -> Vec<Addend<'a>> {
        let later = self.union.words[number + 1..].iter();
        let one = |word: &Word<'a>| Addend { leaf: word.found.leaf(word.freq), scale: word.scale };
        later.map(one).collect()
    }

    /// The sum for the document of `scoring`, in which a word occurs so often, and none before it
    /// does; `shared` says whether words behind it may. None as soon as it cannot be enough.
    fn of(
        &mut self,
        number: usize,
        (freq, shared): (u32, bool),
        scoring: &Scoring<'_>,
        least: f64,
    ) -> Option<f64> {
        let union = self.union;
        let word = &union.words[number];
        let part = scoring.leaf(&word.found.leaf(freq));
        let mut sum = word.scale * part;
        self.parts.fill(0.0);
        self.parts[word.place] = part;
        let later = if shared { &union.words[number + 1..] } else { &[] };
        for (index, word) in later.iter().enumerate() {
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
