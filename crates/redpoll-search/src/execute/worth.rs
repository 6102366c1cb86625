//! Which postings of a word are worth a score, once it is known how little is of no use.
//!
//! A word gives the more the more often it occurs, and the less the longer the document is. So what
//! it has to give at least is, for each frequency, a bound of the document's length: whether a
//! posting can come to it is told by comparing whole numbers.

use super::build::Found;
use crate::index::postings::Impact;
use crate::score::{Leaf, Scoring};

/// Sums of bounds come about in another order than sums of scores, and may differ in the last
/// digits.
pub const SLACK: f64 = 1.0 + 1e-9;

/// Frequencies from here on are always worth it.
const FREQS: usize = 8;
/// Documents of any length are worth it.
const ANY: u64 = u64::MAX;
/// It is not known yet how long documents may be.
const UNKNOWN: u64 = u64::MAX - 1;

/// See the module's head.
pub struct Worth<'a> {
    leaf: Leaf<'a>,
    /// What the word has to give at least.
    least: f64,
    /// How long documents may be, by frequency.
    longest: [u64; FREQS + 1],
}

impl<'a> Worth<'a> {
    /// Everything is.
    pub fn new(word: &Found<'a>) -> Self {
        let longest = [ANY; FREQS + 1];
        Worth { leaf: word.leaf(1), least: f64::NEG_INFINITY, longest }
    }

    /// From now on what gives less than this is not.
    pub fn raise(&mut self, least: f64) {
        if least > self.least {
            self.least = least;
            self.longest = [UNKNOWN; FREQS + 1];
            self.longest[FREQS] = ANY;
        }
    }

    /// Whether a posting with this frequency, in a document of this length, may be worth it.
    #[inline]
    pub fn has(&mut self, scoring: &Scoring<'_>, freq: u32, len: u32) -> bool {
        let class = (freq as usize).min(FREQS);
        let longest = match self.longest[class] {
            UNKNOWN => self.find(scoring, class),
            longest => longest,
        };
        u64::from(len) <= longest
    }

    #[cold]
    fn find(&mut self, scoring: &Scoring<'_>, class: usize) -> u64 {
        let longest = scoring.longest(&self.leaf, self.least, class as u32);
        self.longest[class] = longest.map_or(ANY, u64::from);
        self.longest[class]
    }

    /// Whether any posting of which this is known may be worth it.
    pub fn has_any(&mut self, scoring: &Scoring<'_>, impact: Option<Impact>) -> bool {
        let Some(impact) = impact.filter(|_| self.least > f64::NEG_INFINITY) else { return true };
        if scoring.scorer.sums_words() {
            impact.pairs().any(|(freq, len)| self.has(scoring, freq, len))
        } else {
            scoring.bound(&self.leaf, &impact) >= self.least
        }
    }
}
