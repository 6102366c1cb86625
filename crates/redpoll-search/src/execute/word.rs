//! The best documents of a single word, and how many documents it has.
//!
//! How many there are stands in the list, less those that are deleted. So most postings need not be
//! looked at: once as many documents are kept as are wanted, a block is leapt over if its best
//! posting cannot be among them, and of the others a posting is passed over by its frequency and
//! its document's length, without a score being made.

use super::build::term;
use super::collect::{Best, ByScore};
use super::iter::{DocIter, Term};
use super::run::{Run, bounded};
use crate::index::DocAddress;
use crate::index::bits::Deletes;
use crate::index::packed::Packed;
use crate::index::part::{Part, PartView};

/// Where not more than one posting in so many is of a deleted document, those are looked for one by
/// one.
const SPARSE: u64 = 16;
/// Blocks between two looks at whether to give up.
const STOP_INTERVAL: u32 = 64;

/// A word, in one part.
pub struct Word<'a> {
    run: Run<'a>,
    part: u32,
    view: &'a PartView,
    /// The lengths of the documents.
    lens: &'a Packed,
    /// Its documents.
    term: Term<'a>,
    /// How many postings its list has.
    postings: u32,
}

impl<'a> Word<'a> {
    /// The plan as a word, if it is one, all of its postings match, and scores have bounds.
    pub fn new(run: Run<'a>, part: u32) -> Option<Self> {
        let view = &run.snapshot.parts()[part as usize];
        let Part::Segment(segment) = &view.part else { return None };
        if !bounded(view) {
            return None;
        }
        let term = term(&run.planned.plan, part as usize, view)?;
        let postings = term.count()?;
        Some(Word { run, part, view, lens: &segment.table.lens, term, postings })
    }

    /// How many documents there are.
    pub fn count(&self) -> u64 {
        let deleted = match self.run.options.exact_count {
            true => self.deleted(),
            false => 0,
        };
        u64::from(self.postings - deleted)
    }

    /// How many of its documents are deleted.
    fn deleted(&self) -> u32 {
        let deletes = &self.view.deletes;
        if deletes.count() == 0 {
            return 0;
        }
        // A second one: the first is to stay at the start.
        let term = term(&self.run.planned.plan, self.part as usize, self.view);
        let Some(mut term) = term else { return 0 };
        let mut count = 0;
        if u64::from(deletes.count()) * SPARSE < u64::from(self.postings) {
            deletes.for_each_since(&Deletes::default(), |doc| {
                count += u32::from(term.seek(doc) == doc);
            });
        } else {
            term.for_each_piece(|docs| {
                count += docs.iter().map(|doc| u32::from(deletes.contains(*doc))).sum::<u32>();
                true
            });
        }
        count
    }

    /// Keeps the best. False: the time is over.
    pub fn best(self, best: &mut Best<ByScore>) -> bool {
        if best.keeps_nothing() {
            return true;
        }
        let mut term = self.term;
        let mut scoring = self.run.scoring(self.view);
        // The least score that is of any use, and how long documents may be to come to it.
        let mut least = f64::NEG_INFINITY;
        let mut longest = scoring.longest(&term.leaf(1), least);
        // Up to which document the bound of the block was looked at.
        let mut block_end = None;
        let mut steps = 0u32;
        let mut doc = term.doc();
        while doc < self.view.docs {
            if block_end.is_none_or(|end| doc > end) {
                steps += 1;
                if steps.is_multiple_of(STOP_INTERVAL) && self.run.options.interrupt.stop() {
                    return false;
                }
                if least > f64::NEG_INFINITY
                    && let Some((impact, last)) = term.impact(doc)
                {
                    if scoring.bound(&term.leaf(1), &impact) < least {
                        doc = term.seek(last + 1);
                        continue;
                    }
                    block_end = Some(last);
                }
            }
            let worth = |doc: u32, freq: u32| {
                let limit = longest.get(freq as usize);
                limit.is_none_or(|limit| self.lens.get(doc as usize) <= u64::from(*limit))
            };
            if !term.find_in_piece(worth) {
                doc = term.next_piece();
                continue;
            }
            doc = term.doc();
            if doc < self.view.docs && !self.view.deletes.contains(doc) {
                scoring.go_to(doc);
                let sum = term.score(&scoring);
                let score = scoring.total(sum, least, || 1);
                // Of equal scores too, as parts may be gone through in any order.
                if score >= least {
                    best.push(ByScore { score, address: DocAddress { part: self.part, doc } });
                    let last = best.last().map_or(f64::NEG_INFINITY, |last| last.score);
                    if last > least {
                        least = last;
                        longest = scoring.longest(&term.leaf(1), least);
                    }
                }
            }
            doc = term.step();
        }
        true
    }
}
