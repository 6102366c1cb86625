//! Fragments of a text: stretches with matches close together.

use super::{Match, Summary, Tags, marked};
use crate::analysis::is_separator;

/// Matches that are further apart, in words, are in different fragments.
const MAX_GAP: usize = 8;

/// How long a word is taken to be where bytes are counted instead of words.
const WORD_BYTES: usize = 6;

/// The fragments of a text, in its order.
pub(super) struct Fragments<'a> {
    fragments: Vec<Fragment<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Fragment<'a> {
    matches: &'a [Match],
    /// How many different words of the query it has.
    score: usize,
    start: usize,
    end: usize,
}

impl<'a> Fragments<'a> {
    /// Cuts between matches that are far apart. There is one match at least.
    pub(super) fn of(matches: &'a [Match]) -> Self {
        let close = |one: &Match, other: &Match| other.position - one.position <= MAX_GAP;
        let fragment = |matches: &'a [Match]| {
            let mut terms: Vec<_> = matches.iter().map(|found| found.term).collect();
            terms.sort_unstable();
            terms.dedup();
            let (start, end) = (matches[0].start, matches[matches.len() - 1].end);
            Fragment { matches, score: terms.len(), start, end }
        };
        Fragments { fragments: matches.chunk_by(close).map(fragment).collect() }
    }

    /// The best ones in their order, each with some words around it.
    pub(super) fn render(&self, text: &[u8], tags: Option<&Tags>, summary: &Summary) -> Vec<u8> {
        let mut best: Vec<&Fragment<'_>> = self.fragments.iter().collect();
        best.sort_by_key(|fragment| std::cmp::Reverse(fragment.score));
        best.truncate(summary.fragments);
        best.sort_by_key(|fragment| fragment.start);
        let mut out = Vec::new();
        for (at, fragment) in best.iter().enumerate() {
            let before = if at == 0 { 0 } else { best[at - 1].end };
            let after = best.get(at + 1).map_or(text.len(), |next| next.start);
            let (from, to) = fragment.with_context(text, before, after, summary.words);
            let mut piece = Vec::new();
            let end = marked(text, from, fragment.matches, tags, &mut piece);
            piece.extend_from_slice(&text[end..to]);
            squeezed(&piece, &mut out);
            out.extend_from_slice(&summary.separator);
        }
        out
    }
}

impl Fragment<'_> {
    /// From where to where it is shown: with whole words before and after, within the bounds.
    fn with_context(
        &self,
        text: &[u8],
        before: usize,
        after: usize,
        words: usize,
    ) -> (usize, usize) {
        let first = &self.matches[0];
        let last = &self.matches[self.matches.len() - 1];
        let own = last.position - first.position + 1 - self.matches.len();
        let context = words.saturating_sub(own) / 2;
        let bytes = context.saturating_mul(WORD_BYTES);
        let separator = |at: usize| is_separator(text[at]);
        let mut from = self.start.saturating_sub(bytes).max(before);
        if from > 0 {
            while from < self.start && !separator(from) {
                from += 1;
            }
        }
        while from < self.start && separator(from) {
            from += 1;
        }
        // A word counts as whole if something follows it, so that a text's last word is left out.
        let mut last = self.end.saturating_add(bytes).min(after).min(text.len().saturating_sub(1));
        while last > self.end && !separator(last) {
            last -= 1;
        }
        while last > self.end && separator(last) {
            last -= 1;
        }
        let to = if own >= words { self.end } else { self.end.max(last + 1) };
        (from, to)
    }
}

/// The beginning of a text without matches, as long as its fragments would have been.
pub(super) fn head(text: &[u8], summary: &Summary) -> Vec<u8> {
    let words = summary.fragments.saturating_mul(summary.words).saturating_add(1);
    let mut end = words.saturating_mul(WORD_BYTES).min(text.len());
    if end < text.len() {
        while end > 0 && !is_separator(text[end]) {
            end -= 1;
        }
    }
    let mut out = Vec::new();
    squeezed(text[..end].trim_ascii_end(), &mut out);
    out
}

/// Appends `text` with single spaces for all runs of white space.
fn squeezed(text: &[u8], out: &mut Vec<u8>) {
    let mut space = false;
    for &byte in text {
        let white = byte.is_ascii_whitespace();
        if !white {
            out.push(byte);
        } else if !space {
            out.push(b' ');
        }
        space = white;
    }
}
