//! Iterators over the documents of one part that answer a part of a query.
//!
//! An iterator stands on a document that matches, from the start, and goes forward only. Deleted
//! documents are not told apart here: whoever goes through the whole query does.

mod all;
mod and;
mod or;
mod range;
mod set;
mod term;
mod window;

pub use all::{All, Not, Optional};
pub use and::And;
pub use or::Or;
pub use range::{Source, Tested};
pub use set::{Collector, Docs, Set};
pub use term::Term;
pub use window::Window;

pub use crate::index::postings::END;
use crate::score::{Explanation, Scoring};

/// Goes through the documents that match.
///
/// Whoever steps through an iterator begins with `seek(0)`: some look for their first document only
/// then.
pub trait DocIter {
    /// The document that it stands on, once it has been sent to one; [`END`] behind the last.
    fn doc(&self) -> u32;

    /// Goes to the next document.
    fn step(&mut self) -> u32;

    /// Goes to the first document at or behind `target`.
    fn seek(&mut self, target: u32) -> u32;

    /// About how many documents it will come by.
    fn cost(&self) -> u64;

    /// Whether a document matches, asked for in ascending order. It may stay where it is.
    fn contains(&mut self, doc: u32) -> bool {
        self.seek(doc) == doc
    }

    /// Whether `contains` is much cheaper than `seek`.
    fn prefers_contains(&self) -> bool {
        false
    }

    /// What the match gives to the score of the document of `scoring`, which is the one that it
    /// stands on, or the last for which it said that it contains it.
    fn score(&mut self, scoring: &Scoring<'_>) -> f64;

    /// What the match gives to the score at most, if that is cheaper to say.
    fn bound(&mut self, _scoring: &Scoring<'_>) -> f64 {
        f64::INFINITY
    }

    /// How that comes about.
    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation;

    /// Whether matches have positions.
    fn has_positions(&self) -> bool {
        false
    }

    /// Appends the positions of the match, in ascending order.
    fn positions(&mut self, _out: &mut Vec<u32>) {}

    /// How far the words of the match stand from one another.
    fn slop(&mut self) -> u32 {
        1
    }
}

/// An iterator of any kind. Words, the most frequent kind, are told apart without a table of
/// functions.
pub enum Iter<'a> {
    /// A word or a tag.
    Term(Box<Term<'a>>),
    /// Anything else.
    Other(Box<dyn DocIter + 'a>),
}

impl<'a> Iter<'a> {
    /// Any iterator but a word's.
    pub fn other(iter: impl DocIter + 'a) -> Self {
        Iter::Other(Box::new(iter))
    }

    /// No document.
    pub fn none() -> Self {
        Iter::other(Set::new(Docs::List(Vec::new()), 0.0, 0))
    }
}

macro_rules! forward {
    ($self:ident, $iter:ident => $call:expr) => {
        match $self {
            Iter::Term($iter) => $call,
            Iter::Other($iter) => $call,
        }
    };
}

impl DocIter for Iter<'_> {
    #[inline]
    fn doc(&self) -> u32 {
        forward!(self, iter => iter.doc())
    }

    #[inline]
    fn step(&mut self) -> u32 {
        forward!(self, iter => iter.step())
    }

    #[inline]
    fn seek(&mut self, target: u32) -> u32 {
        forward!(self, iter => iter.seek(target))
    }

    fn cost(&self) -> u64 {
        forward!(self, iter => iter.cost())
    }

    #[inline]
    fn contains(&mut self, doc: u32) -> bool {
        forward!(self, iter => iter.contains(doc))
    }

    fn prefers_contains(&self) -> bool {
        forward!(self, iter => iter.prefers_contains())
    }

    #[inline]
    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        forward!(self, iter => iter.score(scoring))
    }

    #[inline]
    fn bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        forward!(self, iter => iter.bound(scoring))
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        forward!(self, iter => iter.explain(scoring))
    }

    fn has_positions(&self) -> bool {
        forward!(self, iter => iter.has_positions())
    }

    fn positions(&mut self, out: &mut Vec<u32>) {
        forward!(self, iter => iter.positions(out));
    }

    fn slop(&mut self) -> u32 {
        forward!(self, iter => iter.slop())
    }
}
