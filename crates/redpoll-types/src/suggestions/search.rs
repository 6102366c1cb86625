//! The best completions first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::trie::Node;
use super::{Completion, Entry};
use crate::text::next_row;

/// A completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The text.
    pub text: Arc<[u8]>,
    /// How well it fits: its score, less the longer it is, and the more errors the prefix has.
    pub score: f64,
    /// What was added with it.
    pub payload: Option<Arc<[u8]>>,
}

/// The score of a text that is just what was typed.
const EXACT: f64 = i32::MAX as f64;

/// Scores that are so many times lower are trimmed.
const TRIM: f64 = 10.0;

/// A node to be looked at, or an entry, with the best score that can come of it.
struct Candidate<'a> {
    score: f64,
    what: What<'a>,
}

enum What<'a> {
    /// A node, how many characters lead to it, and how far those are from the prefix.
    Node {
        node: &'a Node,
        depth: usize,
        state: State,
    },
    Entry(&'a Entry),
}

/// How what has been read compares with the prefix.
#[derive(Clone)]
enum State {
    /// It agrees so far: so many characters of the prefix have been met.
    Exact(usize),
    /// The distances to each beginning of the prefix, and the least distance to all of it so far.
    Row { row: Vec<usize>, least: usize },
}

struct Search<'a> {
    prefix: &'a [char],
    typed: &'a [u8],
    most: usize,
}

pub(super) fn complete(
    root: &Node,
    prefix: &[char],
    typed: &[u8],
    completion: Completion,
) -> Vec<Suggestion> {
    let most = usize::from(completion.fuzzy);
    let search = Search { prefix, typed, most };
    let state = match completion.fuzzy {
        false => State::Exact(0),
        true => State::Row { row: (0..=prefix.len()).collect(), least: prefix.len() },
    };
    let mut heap = BinaryHeap::new();
    heap.push(Candidate { score: f64::INFINITY, what: What::Node { node: root, depth: 0, state } });
    let mut found: Vec<Suggestion> = Vec::new();
    while found.len() < completion.max {
        match heap.pop() {
            None => break,
            Some(Candidate { what: What::Node { node, depth, state }, .. }) => {
                search.expand(node, depth, &state, &mut heap);
            }
            Some(Candidate { score, what: What::Entry(entry) }) => {
                if completion.trim && found.first().is_some_and(|best| score < best.score / TRIM) {
                    break;
                }
                let (text, payload) = (entry.text.clone(), entry.payload.clone());
                found.push(Suggestion { text, score, payload });
            }
        }
    }
    found
}

impl Search<'_> {
    fn expand<'a>(
        &self,
        node: &'a Node,
        depth: usize,
        state: &State,
        heap: &mut BinaryHeap<Candidate<'a>>,
    ) {
        if let Some(distance) = self.distance(state) {
            for entry in &node.entries {
                let score = match *entry.text == *self.typed && !entry.text.is_empty() {
                    true => EXACT,
                    false => f64::from(entry.score),
                };
                let score = score * self.factor(distance, depth);
                heap.push(Candidate { score, what: What::Entry(entry) });
            }
        }
        for child in &node.children {
            let Some(state) = self.advance(state.clone(), &child.edge, depth) else { continue };
            let depth = depth + child.edge.len();
            // An exact match may lie below as long as no more than the prefix has been read.
            let best = if depth <= self.prefix.len() { EXACT } else { f64::from(child.best) };
            let best = best.max(f64::from(child.best));
            let least = self.distance(&state).unwrap_or(0);
            // A negative score grows by being divided: nothing bounds it but zero.
            let score = if best < 0.0 { 0.0 } else { best * self.factor(least, depth) };
            heap.push(Candidate { score, what: What::Node { node: child, depth, state } });
        }
    }

    /// What a score is multiplied with for errors, and for characters beyond the prefix.
    fn factor(&self, distance: usize, depth: usize) -> f64 {
        let errors = (-2.0 * distance as f64).exp();
        errors / (1.0 + depth.saturating_sub(self.prefix.len()) as f64).sqrt()
    }

    /// The distance, if all of the prefix has been met.
    fn distance(&self, state: &State) -> Option<usize> {
        match state {
            State::Exact(met) => (*met == self.prefix.len()).then_some(0),
            State::Row { least, .. } => (*least <= self.most).then_some(*least),
        }
    }

    /// The state after reading `edge`; none if the prefix can no longer be met.
    fn advance(&self, state: State, edge: &[char], depth: usize) -> Option<State> {
        match state {
            State::Exact(met) => {
                let rest = &self.prefix[met..];
                let agrees = rest.iter().zip(edge).all(|(one, other)| one == other);
                agrees.then(|| State::Exact(self.prefix.len().min(met + edge.len())))
            }
            State::Row { mut row, mut least } => {
                for (at, character) in edge.iter().enumerate() {
                    next_row(&mut row, self.prefix, *character, depth + at + 1);
                    least = least.min(row[self.prefix.len()]);
                }
                let hope = row.iter().min().is_some_and(|best| *best <= self.most);
                (hope || least <= self.most).then_some(State::Row { row, least })
            }
        }
    }
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // At the same score entries come first: a node may hold nothing better.
        let rank = |what: &What<'_>| matches!(what, What::Entry(_));
        self.score.total_cmp(&other.score).then(rank(&self.what).cmp(&rank(&other.what)))
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate<'_> {}

/// What `text` scores, found without a trie.
#[cfg(test)]
pub(super) fn naive_score(text: &str, score: f32, prefix: &str, fuzzy: bool) -> Option<f64> {
    let (characters, wanted): (Vec<char>, Vec<char>) =
        (text.chars().collect(), prefix.chars().collect());
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    let mut distances = vec![wanted.len()];
    for (at, character) in characters.iter().enumerate() {
        next_row(&mut row, &wanted, *character, at + 1);
        distances.push(row[wanted.len()]);
    }
    let distance = distances.into_iter().min().filter(|own| *own <= usize::from(fuzzy))?;
    let exact = text == prefix && !text.is_empty();
    let base = if exact { EXACT } else { f64::from(score) };
    let longer = characters.len().saturating_sub(wanted.len()) as f64;
    Some(base * ((-2.0 * distance as f64).exp() / (1.0 + longer).sqrt()))
}
