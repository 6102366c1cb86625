//! A set of documents that is known already.

use super::{DocIter, END};
use crate::index::bits::Bits;
use crate::score::{Explanation, Scoring};

/// Documents of a part.
#[derive(Debug)]
pub enum Docs {
    /// In ascending order, none twice.
    List(Vec<u32>),
    /// As bits, and how many there are.
    Bits(Bits, u64),
}

/// Documents that come as a list or as bits, whichever takes less.
pub struct Collector {
    docs: Vec<u32>,
    bits: Option<Bits>,
    bound: u32,
}

impl Collector {
    /// Documents below `bound`, about `expected` of them.
    pub fn new(bound: u32, expected: u64) -> Self {
        // A list that is not in order has to be sorted, which is dearer than a bit for each
        // document.
        let bits = (expected > u64::from(bound / 64) + 64).then(|| Bits::new(bound));
        Collector { docs: Vec::new(), bits, bound }
    }

    /// Adds a document.
    #[inline]
    pub fn add(&mut self, doc: u32) {
        match &mut self.bits {
            Some(bits) => {
                bits.insert(doc);
            }
            None if doc < self.bound => self.docs.push(doc),
            None => {}
        }
    }

    /// All documents that were added.
    pub fn finish(mut self) -> Docs {
        match self.bits {
            Some(bits) => {
                let count = bits.count();
                Docs::Bits(bits, count)
            }
            None => {
                self.docs.sort_unstable();
                self.docs.dedup();
                Docs::List(self.docs)
            }
        }
    }
}

/// Goes through a set.
pub struct Set {
    docs: Docs,
    at: usize,
    doc: u32,
    weight: f64,
    /// What a match counts as in scores: one occurrence, or none.
    freq: u32,
}

impl Set {
    /// Goes through `docs`.
    pub fn new(docs: Docs, weight: f64, freq: u32) -> Self {
        let mut set = Set { docs, at: 0, doc: 0, weight, freq };
        set.doc = set.find(0);
        set
    }

    fn find(&mut self, target: u32) -> u32 {
        match &self.docs {
            Docs::List(list) => {
                let rest = &list[self.at..];
                // Mostly the next one is meant.
                let near = rest.iter().take(4).position(|doc| *doc >= target);
                self.at += near.unwrap_or_else(|| rest.partition_point(|doc| *doc < target));
                list.get(self.at).copied().unwrap_or(END)
            }
            Docs::Bits(bits, _) => bits.next_from(target).unwrap_or(END),
        }
    }
}

impl DocIter for Set {
    fn doc(&self) -> u32 {
        self.doc
    }

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
        match &self.docs {
            Docs::List(list) => list.len() as u64,
            Docs::Bits(_, count) => *count,
        }
    }

    fn contains(&mut self, doc: u32) -> bool {
        match &self.docs {
            Docs::Bits(bits, _) => bits.contains(doc),
            Docs::List(_) => self.seek(doc) == doc,
        }
    }

    fn prefers_contains(&self) -> bool {
        matches!(self.docs, Docs::Bits(..))
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        if self.freq == 0 { 0.0 } else { scoring.value(self.weight) }
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        scoring.explain_value(self.weight, self.freq)
    }
}
