//! The best documents of a single word, and how many documents it has.
//!
//! How many there are stands in the list, less those that are deleted. So most postings need not be
//! looked at: once as many documents are kept as are wanted, a block is leapt over if its best
//! posting cannot be among them, and of the others a posting is passed over by its frequency and
//! its document's length, without a score being made.

use super::build::{Found, find};
use super::collect::{Best, ByScore};
use super::iter::DocIter;
use super::run::Run;
use super::worth::Worth;
use crate::index::DocAddress;
use crate::index::bits::Deletes;
use crate::index::part::PartView;
use crate::index::postings::Piece;

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
    found: Found<'a>,
}

impl<'a> Word<'a> {
    /// The plan as a word, if it is one, and all of its postings match.
    pub fn new(run: Run<'a>, part: u32) -> Option<Self> {
        let view = &run.snapshot.parts()[part as usize];
        let found = find(&run.planned.plan, part as usize, view)?;
        found.mask.is_none().then_some(Word { run, part, view, found })
    }

    /// How many documents there are.
    pub fn count(&self) -> u64 {
        let deleted = match self.run.options.exact_count {
            true => self.deleted(),
            false => 0,
        };
        u64::from(self.found.info.count - deleted)
    }

    /// How many of its documents are deleted.
    fn deleted(&self) -> u32 {
        let deletes = &self.view.deletes;
        if deletes.count() == 0 {
            return 0;
        }
        let mut count = 0;
        if u64::from(deletes.count()) * SPARSE < u64::from(self.found.info.count) {
            let Some(mut term) = self.found.term(false) else { return 0 };
            deletes.for_each_since(&Deletes::default(), |doc| {
                count += u32::from(term.seek(doc) == doc);
            });
        } else if let Some(mut scan) = self.found.scan() {
            let mut piece = Piece::new();
            while scan.load(&mut piece, false) {
                let deleted = piece.docs().iter().map(|doc| u32::from(deletes.contains(*doc)));
                count += deleted.sum::<u32>();
            }
        }
        count
    }

    /// Keeps the best. False: the time is over.
    pub fn best(self, best: &mut Best<ByScore>) -> bool {
        let Some(mut scan) = self.found.scan() else { return true };
        let mut scoring = self.run.scoring(self.view);
        let (mut piece, mut worth) = (Piece::new(), Worth::new(&self.found));
        // The least score that is of any use.
        let mut least = best.least();
        worth.raise(least);
        let mut steps = 0u32;
        loop {
            steps += 1;
            if steps.is_multiple_of(STOP_INTERVAL) && self.run.options.interrupt.stop() {
                return false;
            }
            if !worth.has_any(&scoring, scan.impact()) {
                scan.skip();
                continue;
            }
            if !scan.load(&mut piece, true) {
                return true;
            }
            for (doc, freq) in piece.postings() {
                let len = self.view.len(doc);
                if !worth.has(&scoring, freq, len) || self.view.deletes.contains(doc) {
                    continue;
                }
                scoring.go_to(doc);
                let score = scoring.total(scoring.leaf(&self.found.leaf(freq)), least, || 1);
                // Of equal scores too, as parts may be gone through in any order.
                if score >= least {
                    best.push(ByScore { score, address: DocAddress { part: self.part, doc } });
                    least = best.least();
                    worth.raise(least);
                }
            }
        }
    }
}
