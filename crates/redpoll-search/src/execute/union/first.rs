//! Unions in which the first word that a document has makes its score.

use super::super::collect::{Best, ByScore};
use super::super::worth::Worth;
use super::{Union, Word};
use crate::index::DocAddress;
use crate::index::bits::Bits;
use crate::index::postings::Piece;
use crate::score::Scoring;

/// Keeps the best, and says how many documents there are. None: the time is over.
pub fn best(union: &Union<'_>, best: &mut Best<ByScore>) -> Option<u64> {
    let (scoring, seen) = (union.run.scoring(union.view), Bits::new(union.view.docs));
    let mut pass = Pass { union, scoring, seen, count: 0, piece: Piece::new(), steps: 0 };
    for word in &union.words {
        pass.word(word, best)?;
    }
    Some(union.live(pass.count, |doc| pass.seen.contains(doc)))
}

/// Going through the words in their order.
struct Pass<'u, 'a> {
    union: &'u Union<'a>,
    scoring: Scoring<'a>,
    /// Documents that have come by, and how many these are.
    seen: Bits,
    count: u64,
    piece: Piece,
    steps: usize,
}

impl Pass<'_, '_> {
    /// Goes through the list of a word. None: the time is over.
    fn word(&mut self, word: &Word<'_>, best: &mut Best<ByScore>) -> Option<()> {
        let Some(mut scan) = word.found.scan() else { return Some(()) };
        let mut worth = Worth::beside(&word.found, word.scale, Vec::new());
        loop {
            worth.raise(best.least());
            let may = worth.has_any(&self.scoring, scan.impact());
            if !scan.load(&mut self.piece, may) {
                return Some(());
            }
            if may {
                self.candidates(word, &mut worth, best);
            }
            let new = self.piece.docs().iter().map(|doc| u64::from(self.seen.insert(*doc)));
            self.count += new.sum::<u64>();
            self.union.step(&mut self.steps, self.piece.docs().len())?;
        }
    }

    /// Scores the documents of a piece that may be among the best.
    fn candidates(&mut self, word: &Word<'_>, worth: &mut Worth<'_>, best: &mut Best<ByScore>) {
        let Union { view, part, .. } = *self.union;
        for (doc, freq) in self.piece.postings() {
            if !worth.has(&self.scoring, freq, view.len(doc))
                || self.seen.contains(doc)
                || view.deletes.contains(doc)
            {
                continue;
            }
            self.scoring.go_to(doc);
            let (sum, least) =
                (word.scale * self.scoring.leaf(&word.found.leaf(freq)), best.least());
            let score = self.scoring.total(sum, least, || 1);
            // Of equal scores too, as parts may be gone through in any order.
            if score >= least {
                best.push(ByScore { score, address: DocAddress { part, doc } });
            }
        }
    }
}
