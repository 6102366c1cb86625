//! The best documents that have several words, and how many have all of them.
//!
//! The lists of the two rarest words are gone through a piece at a time, without iterators in
//! between ([`pair`]); the others follow to the documents that these share. Where words have to
//! stand near one another, they follow only to those in which the two do: most documents are left
//! before a third list is looked at.
//!
//! How many documents there are is known only when all have been found, but no score is made of
//! one that cannot be among the best: by its length, by how often it has the rarest word, and by
//! how often any document has the others.

mod pair;

use std::ops::RangeInclusive;

use super::build::{Found, find};
use super::collect::{Best, ByScore};
use super::iter::{DocIter, Term};
use super::near::{Near, Places, any_between};
use super::plan::{Kind, Plan};
use super::run::Run;
use super::worth::{Addend, Worth};
use crate::index::DocAddress;
use crate::index::part::PartView;
use crate::score::Scoring;
use pair::Pair;

/// Pieces of lists between two looks at whether to give up.
const STOP_INTERVAL: u32 = 8;

/// An intersection of words, in one part.
pub struct Intersection<'a> {
    run: Run<'a>,
    part: u32,
    view: &'a PartView,
    weight: f64,
    near: Option<Near>,
    /// The words with their places in the query, the rarest first; none if the part lacks one.
    words: Vec<(Found<'a>, usize)>,
}

impl<'a> Intersection<'a> {
    /// The plan as an intersection of words, if it is one.
    pub fn new(run: Run<'a>, part: u32) -> Option<Self> {
        let view = &run.snapshot.parts()[part as usize];
        let Plan { kind: Kind::And { children, near }, weight } = &run.planned.plan else {
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
        Some(Intersection { run, part, view, weight: *weight, near: *near, words })
    }

    /// Keeps the best, if some are to be kept, and says how many there are. None: the time is over.
    pub fn best(&self, mut best: Option<&mut Best<ByScore>>) -> Option<u64> {
        let Some(mut walk) = Walk::new(self) else { return Some(0) };
        let mut worth = best.is_some().then(|| self.worth());
        let (mut total, mut pieces) = (0, 0u32);
        while walk.load() {
            for number in 0..walk.pair.len() {
                if !walk.matches(number) {
                    continue;
                }
                total += 1;
                if let (Some(best), Some(worth)) = (&mut best, &mut worth) {
                    walk.keep(worth, best);
                }
            }
            pieces += 1;
            if pieces.is_multiple_of(STOP_INTERVAL) && self.run.options.interrupt.stop() {
                return None;
            }
        }
        Some(total)
    }

    /// Which postings of the rarest word are worth a score.
    fn worth(&self) -> Worth<'a> {
        let scale = self.weight;
        let others = self.words[1..].iter();
        let others = others.map(|(word, _)| Addend { leaf: word.leaf(word.freq_max()), scale });
        Worth::beside(&self.words[0].0, scale, others.collect())
    }
}

/// Going through the documents.
struct Walk<'u, 'a> {
    all: &'u Intersection<'a>,
    scoring: Scoring<'a>,
    /// The words, the rarest first; those of a document stand there.
    words: Vec<Term<'a>>,
    /// What the two rarest share.
    pair: Pair,
    /// How far the second of these may stand behind the first; none if it does not matter.
    between: Option<RangeInclusive<i64>>,
    /// The words that stand somewhere, in the order of the query.
    order: Vec<usize>,
    places: Places,
    /// What each word of the query gives to the score of a document.
    parts: Vec<f64>,
}

impl<'u, 'a> Walk<'u, 'a> {
    /// None if the part lacks a word.
    fn new(all: &'u Intersection<'a>) -> Option<Self> {
        let term = |(word, _): &(Found<'a>, usize)| word.term(all.near.is_some());
        let words = all.words.iter().map(term).collect::<Option<Vec<_>>>()?;
        if words.is_empty() {
            return None;
        }
        let mut order: Vec<usize> =
            (0..words.len()).filter(|word| words[*word].has_positions()).collect();
        order.sort_by_key(|word| all.words[*word].1);
        let rank = |word| order.iter().position(|other| *other == word);
        let between = match (all.near, rank(0), rank(1)) {
            (Some(near), Some(first), Some(second)) => {
                Some(near.between(order.len(), first, second))
            }
            _ => None,
        };
        Some(Walk {
            scoring: all.run.scoring(all.view),
            parts: vec![0.0; words.len()],
            pair: Pair::new(),
            places: Places::default(),
            all,
            words,
            between,
            order,
        })
    }

    /// Finds the next documents that the two rarest words share. False behind the last.
    fn load(&mut self) -> bool {
        match &mut self.words[..] {
            [lead, other, ..] => self.pair.load(lead.list(), other.list()),
            [lead] => self.pair.load_alone(lead.list()),
            [] => false,
        }
    }

    /// Goes to one of these documents. Whether it is one of all words, and not deleted.
    #[inline]
    fn matches(&mut self, number: usize) -> bool {
        let (at, other_at) = self.pair.get(number);
        let (first, others) = self.words.split_at_mut(1);
        let lead = &mut first[0];
        lead.list().go_to(at);
        if !lead.fits() {
            return false;
        }
        let doc = lead.doc();
        if let Some((other, rest)) = others.split_first_mut() {
            other.list().go_to(other_at);
            if !other.fits() {
                return false;
            }
            if let Some(between) = &self.between
                && !any_between(lead.list().distances(), other.list().distances(), between)
            {
                return false;
            }
            for word in rest {
                let found = word.seek(doc);
                if found != doc {
                    self.pair.skip_to(found);
                    return false;
                }
            }
        }
        self.all.near.is_none_or(|near| self.are_near(near)) && !self.all.view.deletes.contains(doc)
    }

    /// Whether the words of the document stand near one another. What has no positions stands
    /// anywhere.
    fn are_near(&mut self, near: Near) -> bool {
        self.places.clear();
        for word in &self.order {
            self.places.add(|list| self.words[*word].positions(list));
        }
        self.places.fit(near)
    }

    /// Keeps the document if it is among the best.
    fn keep(&mut self, worth: &mut Worth<'_>, best: &mut Best<ByScore>) {
        let Intersection { weight, part, view, .. } = *self.all;
        let (lead, least) = (&mut self.words[0], best.least());
        let doc = lead.doc();
        worth.raise(least);
        if !worth.has(&self.scoring, lead.freq(), view.len(doc)) {
            return;
        }
        self.scoring.go_to(doc);
        for (word, (_, place)) in self.words.iter_mut().zip(&self.all.words) {
            self.parts[*place] = word.score(&self.scoring);
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
