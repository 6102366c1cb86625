//! Marking the words that were found, and cutting texts down to what surrounds them.
//!
//! The text is cut into words again, and each is held against the words of the query (`matcher`):
//! what is shown is then right for the text that is shown, whatever the index holds by now.

mod fragments;
mod matcher;

pub use matcher::Matcher;

use crate::analysis::{Analyzer, Scratch, TextOptions};
use fragments::Fragments;

/// What is written before and after a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    /// Before.
    pub open: Vec<u8>,
    /// After.
    pub close: Vec<u8>,
}

impl Default for Tags {
    fn default() -> Self {
        Tags { open: b"<b>".to_vec(), close: b"</b>".to_vec() }
    }
}

/// How a text is summarized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many fragments.
    pub fragments: usize,
    /// How many words each has.
    pub words: usize,
    /// What follows each fragment.
    pub separator: Vec<u8>,
}

impl Default for Summary {
    fn default() -> Self {
        Summary { fragments: 3, words: 20, separator: b"... ".to_vec() }
    }
}

/// `text` with its matches between tags, its best fragments, or both.
pub fn render(
    text: &[u8],
    analyzer: &Analyzer,
    matcher: &Matcher,
    options: TextOptions,
    tags: Option<&Tags>,
    summary: Option<&Summary>,
) -> Vec<u8> {
    let mut matches = Vec::new();
    analyzer.analyze(text, options, &mut Scratch::default(), |token| {
        if let Some(term) = matcher.matches(&token) {
            matches.push(Match {
                term,
                position: token.position as usize,
                start: token.start as usize,
                end: token.end as usize,
            });
        }
    });
    match summary {
        None => whole(text, &matches, tags),
        Some(summary) if matches.is_empty() => fragments::head(text, summary),
        Some(summary) => Fragments::of(&matches).render(text, tags, summary),
    }
}

/// A word that was found.
#[derive(Debug, Clone, Copy)]
struct Match {
    /// Which of the query's words it is.
    term: usize,
    /// Which word of the text it is.
    position: usize,
    start: usize,
    end: usize,
}

fn whole(text: &[u8], matches: &[Match], tags: Option<&Tags>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let end = marked(text, 0, matches, tags, &mut out);
    out.extend_from_slice(&text[end..]);
    out
}

/// Writes from `from` up to the end of the last match, which is returned.
fn marked(
    text: &[u8],
    from: usize,
    matches: &[Match],
    tags: Option<&Tags>,
    out: &mut Vec<u8>,
) -> usize {
    let mut written = from;
    for found in matches {
        out.extend_from_slice(&text[written..found.start]);
        out.extend_from_slice(tags.map_or(b"", |tags| &tags.open));
        out.extend_from_slice(&text[found.start..found.end]);
        out.extend_from_slice(tags.map_or(b"", |tags| &tags.close));
        written = found.end;
    }
    written
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::Language;
    use crate::query::{Node, NodeKind, TextMask};

    fn show(text: &str, words: &[&str], tags: bool, summary: Option<Summary>) -> String {
        let analyzer = Analyzer::new(Language::English, Arc::default());
        let terms = words.iter().map(|word| match word.strip_suffix('*') {
            Some(prefix) => Node::new(NodeKind::Affix {
                kind: crate::query::AffixKind::Prefix,
                text: prefix.into(),
            }),
            None => Node::term(*word),
        });
        let query = Node::new(NodeKind::Union(terms.collect()));
        let matcher = Matcher::of(&query, TextMask::ALL);
        let options = TextOptions { stem: true, phonetic: false };
        let tags = tags.then(Tags::default);
        let out =
            render(text.as_bytes(), &analyzer, &matcher, options, tags.as_ref(), summary.as_ref());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn words_are_marked() {
        assert_eq!(show("The red fox.", &["red", "fox"], true, None), "The <b>red</b> <b>fox</b>.");
        assert_eq!(show("Running runs", &["+run"], true, None), "<b>Running</b> <b>runs</b>");
        assert_eq!(show("Hello help", &["hel*"], true, None), "<b>Hello</b> <b>help</b>");
        assert_eq!(show("nothing here", &["red"], true, None), "nothing here");
        assert_eq!(show("", &["red"], true, None), "");
    }

    #[test]
    fn the_best_fragments_are_cut_out() {
        let filler = "lorem ipsum dolor sit amet consectetur ".repeat(10);
        let text = format!("{filler} red fox {filler} red {filler}");
        let summary = |fragments| Some(Summary { fragments, words: 6, separator: b"| ".to_vec() });
        let one = show(&text, &["red", "fox"], true, summary(1));
        assert!(one.contains("<b>red</b> <b>fox</b>") && one.ends_with("| "), "{one}");
        assert!(one.len() < 80, "{one}");
        let two = show(&text, &["red", "fox"], false, summary(2));
        assert_eq!(two.matches("| ").count(), 2, "{two}");
        assert_eq!(two.matches("red").count(), 2, "{two}");
        let short = |text| show(text, &["henry"], true, Some(Summary::default()));
        assert_eq!(short("Henry IV"), "<b>Henry</b> ... ");
        assert_eq!(short("King Henry"), "King <b>Henry</b>... ");
        assert_eq!(short("King Henry the Eighth."), "King <b>Henry</b> the Eighth... ");
        // Seven words in between are close, eight are not; half of a word's place shows none.
        let close = "red a1 a2 a3 a4 a5 a6 a7 fox dog b1 b2 b3 b4 b5 b6 b7 b8 red cat";
        let short = Summary { fragments: 3, words: 8, separator: b"|".to_vec() };
        assert_eq!(
            show(close, &["red", "fox"], false, Some(short)),
            "red a1 a2 a3 a4 a5 a6 a7 fox |b2 b3 b4 b5 b6 b7 b8 red |"
        );
        let none = show(&text, &["blue"], true, summary(2));
        assert!(none.len() < 100 && text.starts_with(&none), "{none}");
    }
}
