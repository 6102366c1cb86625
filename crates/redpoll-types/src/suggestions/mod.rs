//! Completions of what somebody types.
//!
//! A trie of the texts in lower case, each node with the best score below it. A search looks at
//! nodes in the order of the best that they can still give, and stops when it has enough: so it
//! visits little of the trie, however short the prefix. Where errors are allowed, a node carries a
//! row of edit distances.
//!
//! Copies share all nodes; who changes one copies the nodes on the way to the text, no others.

mod search;
mod trie;

use self::trie::Node;
use crate::footprint;
use crate::text::{characters, lower_case};
use triomphe::Arc;

pub use search::Suggestion;

/// Texts with scores.
#[derive(Debug, Clone, Default)]
pub struct Suggestions(Arc<Trie>);

#[derive(Debug, Clone, Default)]
struct Trie {
    root: Node,
    count: usize,
}

/// What a search for completions may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// Whether the prefix may have one error.
    pub fuzzy: bool,
    /// How many are wanted.
    pub max: usize,
    /// Whether those go that score much lower than the ones before.
    pub trim: bool,
}

/// One text.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    text: std::sync::Arc<[u8]>,
    score: f32,
    payload: Option<std::sync::Arc<[u8]>>,
}

impl Suggestions {
    /// Texts and prefixes are no longer, in characters.
    pub const MAX_CHARACTERS: usize = 1000;

    /// No texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text, or changes its score: to `score`, or by it. A payload replaces the one before;
    /// an empty one is none.
    pub fn add(&mut self, text: &[u8], score: f64, increment: bool, payload: Option<&[u8]>) {
        let payload = payload.filter(|payload| !payload.is_empty());
        let path = path(text);
        let trie = Arc::make_mut(&mut self.0);
        let added = trie.root.update(&path, |entries| {
            let payload = payload.map(Into::into);
            match entries.iter_mut().find(|entry| *entry.text == *text) {
                Some(entry) => {
                    entry.score = if increment { entry.score + score as f32 } else { score as f32 };
                    entry.payload = payload.or(entry.payload.take());
                    false
                }
                None => {
                    entries.push(Entry { text: text.into(), score: score as f32, payload });
                    true
                }
            }
        });
        trie.count += usize::from(added);
    }

    /// Removes a text. Whether it was there.
    pub fn remove(&mut self, text: &[u8]) -> bool {
        let trie = Arc::make_mut(&mut self.0);
        let removed = trie.root.update(&path(text), |entries| {
            let before = entries.len();
            entries.retain(|entry| *entry.text != *text);
            entries.len() < before
        });
        trie.count -= usize::from(removed);
        removed
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.0.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.count == 0
    }

    /// The best completions of `prefix`, the best first.
    pub fn complete(&self, prefix: &[u8], completion: Completion) -> Vec<Suggestion> {
        search::complete(&self.0.root, &path(prefix), prefix, completion)
    }

    /// Every text with its score and payload, in the order of the trie.
    pub fn each(&self, mut each: impl FnMut(&[u8], f64, Option<&[u8]>)) {
        self.0.root.each(&mut |entry| {
            each(&entry.text, f64::from(entry.score), entry.payload.as_deref());
        });
    }

    /// Bytes on the heap, estimated from the nodes that lead to some texts (0: from all).
    pub fn memory_usage(&self, samples: usize) -> usize {
        let mut seen = trie::Seen::up_to(if samples == 0 { usize::MAX } else { 16 * samples });
        self.0.root.weigh(&mut seen);
        let own = footprint::allocated(footprint::ARC_HEADER + size_of::<Trie>());
        match seen.texts {
            0 => own,
            texts => own + (seen.bytes as u128 * self.len() as u128 / texts as u128) as usize,
        }
    }

    /// Roughly how many allocations it takes to free all of it.
    pub fn free_effort(&self) -> usize {
        self.len()
    }
}

/// The way to a text in the trie. What lies beyond the limit is not looked at.
fn path(text: &[u8]) -> Vec<char> {
    let mut path = characters(&lower_case(text));
    path.truncate(Suggestions::MAX_CHARACTERS);
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: Completion = Completion { fuzzy: false, max: 5, trim: false };
    const FUZZY: Completion = Completion { fuzzy: true, ..PLAIN };

    fn filled(texts: &[(&str, f64)]) -> Suggestions {
        let mut suggestions = Suggestions::new();
        for (text, score) in texts {
            suggestions.add(text.as_bytes(), *score, false, None);
        }
        suggestions
    }

    fn complete(suggestions: &Suggestions, prefix: &str, completion: Completion) -> Vec<String> {
        let found = suggestions.complete(prefix.as_bytes(), completion);
        found.iter().map(|found| String::from_utf8_lossy(&found.text).into_owned()).collect()
    }

    #[test]
    fn the_best_come_first() {
        let suggestions = filled(&[("hello", 1.0), ("help", 5.0), ("Helmet", 2.0), ("other", 9.0)]);
        assert_eq!(complete(&suggestions, "hel", PLAIN), ["help", "Helmet", "hello"]);
        assert_eq!(complete(&suggestions, "HEL", Completion { max: 1, ..PLAIN }), ["help"]);
        assert_eq!(complete(&suggestions, "x", PLAIN), [""; 0]);
        assert_eq!(complete(&suggestions, "hello", PLAIN), ["hello"]);
        assert_eq!(complete(&suggestions, "", Completion { max: 1, ..PLAIN }), ["other"]);
    }

    #[test]
    fn an_error_is_allowed_where_asked_for() {
        let suggestions = filled(&[("hello world", 1.0), ("hallo world", 1.0), ("yellow", 1.0)]);
        assert_eq!(complete(&suggestions, "hallo", PLAIN), ["hallo world"]);
        assert_eq!(complete(&suggestions, "hallo", FUZZY), ["hallo world", "hello world"]);
        assert_eq!(complete(&suggestions, "hxlo", FUZZY), [""; 0]);
    }

    #[test]
    fn scores_can_be_changed_and_texts_removed() {
        let mut suggestions = filled(&[("one", 1.0), ("two", 2.0)]);
        suggestions.add(b"one", 5.0, true, Some(b"payload"));
        assert_eq!(complete(&suggestions, "", PLAIN), ["one", "two"]);
        suggestions.add(b"one", 0.5, false, None);
        let found = suggestions.complete(b"o", PLAIN);
        assert_eq!(found[0].payload.as_deref(), Some(&b"payload"[..]));
        assert_eq!(complete(&suggestions, "", PLAIN), ["two", "one"]);
        assert!(suggestions.remove(b"one") && !suggestions.remove(b"one"));
        assert!(!suggestions.remove(b"Two"));
        assert_eq!((suggestions.len(), complete(&suggestions, "o", PLAIN)), (1, vec![]));
    }

    #[test]
    fn an_exact_match_comes_first_and_lesser_ones_can_be_trimmed() {
        let suggestions = filled(&[("a", 0.1), ("ab", 100.0), ("abc", 1.0)]);
        assert_eq!(complete(&suggestions, "a", PLAIN), ["a", "ab", "abc"]);
        let trimmed = Completion { trim: true, ..PLAIN };
        assert_eq!(complete(&suggestions, "a", trimmed), ["a"]);
    }

    #[test]
    fn texts_may_be_anything() {
        let mut suggestions = Suggestions::default();
        let long = "x".repeat(5000);
        for text in [&b""[..], b"\xff\xfe", "žluť".as_bytes(), long.as_bytes()] {
            suggestions.add(text, 1.0, false, None);
        }
        assert_eq!(suggestions.len(), 4);
        assert_eq!(suggestions.complete("ŽL".as_bytes(), PLAIN).len(), 1);
        assert_eq!(suggestions.complete(long.as_bytes(), PLAIN).len(), 1);
        assert!(suggestions.remove(long.as_bytes()));
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let mut suggestions = filled(&[("one", 1.0), ("once", 2.0), ("two", 3.0)]);
        let copy = suggestions.clone();
        suggestions.add(b"on", 9.0, false, None);
        assert!(suggestions.remove(b"once"));
        suggestions.add(b"two", 1.0, true, Some(b"p"));
        assert_eq!(complete(&copy, "", PLAIN), ["two", "once", "one"]);
        assert_eq!(complete(&suggestions, "", PLAIN), ["on", "two", "one"]);
    }

    #[test]
    fn memory_is_what_texts_take() {
        let mut suggestions = Suggestions::new();
        let empty = suggestions.memory_usage(0);
        for number in 0..1000 {
            suggestions.add(format!("text number {number}").as_bytes(), 1.0, false, None);
        }
        let all = suggestions.memory_usage(0);
        assert!(all > empty + 1000 * 40 && all < 1000 * 400, "{all}");
        let some = suggestions.memory_usage(5);
        assert!(some > all / 2 && some < 2 * all, "{some} of {all}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_search_finds_what_a_walk_over_all_finds(
            texts in prop::collection::btree_map("[ab]{0,6}", 0u8..50, 0..40),
            prefix in "[ab]{0,4}",
            fuzzy: bool,
            removed in "[ab]{0,6}",
        ) {
            let mut suggestions = Suggestions::default();
            for (text, score) in &texts {
                suggestions.add(text.as_bytes(), f64::from(*score), false, None);
            }
            let mut texts = texts;
            let there = texts.remove(&removed).is_some();
            prop_assert_eq!(suggestions.remove(removed.as_bytes()), there);
            prop_assert_eq!(suggestions.len(), texts.len());
            let max = 4;
            let completion = Completion { fuzzy, max, trim: false };
            let got = suggestions.complete(prefix.as_bytes(), completion);
            let mut want: Vec<f64> = texts.iter().filter_map(|(text, score)| {
                search::naive_score(text, f32::from(*score), &prefix, fuzzy)
            }).collect();
            want.sort_by(|one, other| other.total_cmp(one));
            want.truncate(max);
            let got: Vec<f64> = got.iter().map(|found| found.score).collect();
            prop_assert_eq!(got, want);
        }
    }
}
