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
/// Documents that are longer are not told apart.
const LEN_MAX: u32 = 1 << 16;
/// Documents of any length are worth it.
const ANY: u64 = u64::MAX;

/// A word that may add something: how often it occurs at most, and what it is multiplied by.
#[derive(Clone, Copy)]
pub struct Addend<'a> {
    pub leaf: Leaf<'a>,
    pub scale: f64,
}

/// See the module's head.
pub struct Worth<'a> {
    leaf: Leaf<'a>,
    /// What the word is multiplied by.
    scale: f64,
    /// What others may add in the same document, however short or long.
    addends: Vec<Addend<'a>>,
    /// What all give together at least.
    least: f64,
    /// How long documents may be, by frequency.
    longest: [u64; FREQS + 1],
    /// For which frequencies that is from a time when less was enough: a bit each.
    stale: u32,
}

impl<'a> Worth<'a> {
    /// Everything is.
    pub fn new(word: &Found<'a>) -> Self {
        Self::beside(word, 1.0, Vec::new())
    }

    /// Everything is, of a word that is multiplied by something and to which others may add.
    pub fn beside(word: &Found<'a>, scale: f64, addends: Vec<Addend<'a>>) -> Self {
        let (leaf, longest) = (word.leaf(1), [ANY; FREQS + 1]);
        Worth { leaf, scale, addends, least: f64::NEG_INFINITY, longest, stale: 0 }
    }

    /// From now on what gives less than this is not.
    pub fn raise(&mut self, least: f64) {
        if least > self.least {
            self.least = least;
            self.stale = (1 << FREQS) - 1;
        }
    }

    /// Whether a posting with this frequency, in a document of this length, may be worth it.
    #[inline]
    pub fn has(&mut self, scoring: &Scoring<'_>, freq: u32, len: u32) -> bool {
        let class = (freq as usize).min(FREQS);
        if self.stale >> class & 1 == 1 {
            self.find(scoring, class);
        }
        u64::from(len) <= self.longest[class]
    }

    #[cold]
    fn find(&mut self, scoring: &Scoring<'_>, class: usize) {
        let leaf = Leaf { freq: class as u32, ..self.leaf };
        let longest = if self.addends.is_empty() {
            scoring.longest(&Leaf { weight: leaf.weight * self.scale, ..leaf }, self.least)
        } else {
            self.search(scoring, &leaf, self.longest[class])
        };
        self.longest[class] = longest.map_or(ANY, u64::from);
        self.stale &= !(1 << class);
    }

    /// The length of the longest document in which the word and the others can give enough. All
    /// give the less the longer it is. Longer ones than `before` cannot.
    fn search(&self, scoring: &Scoring<'_>, leaf: &Leaf<'_>, before: u64) -> Option<u32> {
        if !scoring.scorer.sums_words() || leaf.weight < 0.0 {
            return None;
        }
        let enough = |len: u32| {
            let add = |other: &Addend<'_>| other.scale * scoring.leaf_at(&other.leaf, len);
            // Words of negative weight add nothing in documents that lack them.
            let others: f64 = self.addends.iter().map(|other| add(other).max(0.0)).sum();
            (self.scale * scoring.leaf_at(leaf, len) + others) * SLACK >= self.least
        };
        let mut high = u32::try_from(before).map_or(LEN_MAX, |before| before.min(LEN_MAX));
        if enough(high) {
            return (high < LEN_MAX).then_some(high);
        }
        // Mostly it is not much less than before.
        let (mut low, mut step) = (high.saturating_sub(1), 1);
        while low > 0 && !enough(low) {
            (high, step) = (low, step * 2);
            low = high.saturating_sub(step);
        }
        while high - low > 1 {
            let middle = (low + high) / 2;
            match enough(middle) {
                true => low = middle,
                false => high = middle,
            }
        }
        Some(low)
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
