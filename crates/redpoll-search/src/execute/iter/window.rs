//! Documents of any of many words: those that begin alike, for instance.
//!
//! The documents are found a window at a time, word by word, as bits, which takes no comparing of
//! the words' places. A document's score is that of the first word that it has.

use super::{DocIter, END, Term};
use crate::score::{Explanation, Parts, Scoring};

/// Documents of a window.
const DOCS: u32 = 4096;
const WORDS: usize = DOCS as usize / 64;

/// Goes through the documents of any of many words.
pub struct Window<'a> {
    terms: Vec<Term<'a>>,
    bits: [u64; WORDS],
    /// The first word of each document of the window, and how often it has it.
    first: Vec<(u32, u32)>,
    start: u32,
    doc: u32,
    weight: f64,
}

impl<'a> Window<'a> {
    /// The documents of any of `terms`.
    pub fn new(mut terms: Vec<Term<'a>>, weight: f64) -> Self {
        for term in &mut terms {
            term.seek(0);
        }
        let first = vec![(0, 0); DOCS as usize];
        let mut window = Window { terms, bits: [0; WORDS], first, start: 0, doc: 0, weight };
        window.fill(0);
        window.doc = window.find(0);
        window
    }

    /// Goes to the window that begins at `start`.
    fn fill(&mut self, start: u32) {
        self.start = start;
        self.bits = [0; WORDS];
        let end = start.saturating_add(DOCS);
        for (index, term) in self.terms.iter_mut().enumerate() {
            let mut doc = term.seek(start);
            while doc < end {
                let at = (doc - start) as usize;
                let bit = 1 << (at % 64);
                if self.bits[at / 64] & bit == 0 {
                    self.bits[at / 64] |= bit;
                    self.first[at] = (index as u32, term.freq());
                }
                doc = term.step();
            }
        }
    }

    /// The first document at or behind `target`, which is not before the window.
    fn find(&mut self, mut target: u32) -> u32 {
        loop {
            if let Some(doc) = self.find_here(target) {
                return doc;
            }
            // All words stand behind the window: at its first document, the next begins.
            target = target.max(self.terms.iter().map(|term| term.doc()).min().unwrap_or(END));
            if target == END {
                return END;
            }
            if self.terms.iter().all(|term| term.doc() == END) {
                return END;
            }
            self.fill(target);
        }
    }

    fn find_here(&self, target: u32) -> Option<u32> {
        let from = target.checked_sub(self.start).filter(|from| *from < DOCS)?;
        let mut index = (from / 64) as usize;
        let mut word = self.bits[index] & (u64::MAX << (from % 64));
        loop {
            if word != 0 {
                return Some(self.start + index as u32 * 64 + word.trailing_zeros());
            }
            index += 1;
            word = *self.bits.get(index)?;
        }
    }

    fn leaf(&self) -> crate::score::Leaf<'a> {
        let (term, freq) = self.first[(self.doc - self.start) as usize];
        self.terms[term as usize].leaf(freq)
    }
}

impl DocIter for Window<'_> {
    #[inline]
    fn doc(&self) -> u32 {
        self.doc
    }

    #[inline]
    fn step(&mut self) -> u32 {
        if self.doc != END {
            self.doc = self.find(self.doc + 1);
        }
        self.doc
    }

    fn seek(&mut self, target: u32) -> u32 {
        if self.doc < target {
            self.doc = self.find(target);
        }
        self.doc
    }

    fn cost(&self) -> u64 {
        self.terms.iter().map(|term| term.cost()).sum()
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        self.weight * scoring.add(Parts::Any, 0.0, scoring.leaf(&self.leaf()))
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        let leaf = self.leaf();
        scoring.explain_parts(self.weight, scoring.leaf(&leaf), vec![scoring.explain_leaf(&leaf)])
    }
}
