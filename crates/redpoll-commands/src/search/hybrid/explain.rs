//! How a common score came about: EXPLAINSCORE.
//!
//! A tree of steps as RediSearch writes it: the sum, the method, and below it what the search for
//! words gave and what the one for vectors did.

use super::combine::{Combined, Method, Place};
use super::request::Hybrid;
use redpoll_search::number::{general, general_with};
use redpoll_search::query::VectorSearch;
use redpoll_search::score::Explanation;

/// Explains the score of a document. `words` says how the score of its words came about.
pub(super) fn explain(
    combined: &Combined,
    hybrid: &Hybrid<'_>,
    words: Option<Explanation>,
) -> Explanation {
    let method = hybrid.combine.method;
    let total = format!(
        "final score: {} + {} = {}",
        summand(method, combined.text, true),
        summand(method, combined.vector, false),
        general_with(combined.score, 17)
    );
    let window = hybrid.combine.window;
    let how = match method {
        Method::Ranks { constant } => {
            format!("Hybrid score (RRF: window={window}, constant={constant:.2})")
        }
        Method::Scores { alpha, beta } => {
            format!("Hybrid score (LINEAR: alpha={alpha:.4}, beta={beta:.4}, window={window})")
        }
    };
    let parts = vec![of_words(combined.text, hybrid, words), of_vector(combined.vector, hybrid)];
    Explanation::of(total, vec![Explanation::of(how, parts)])
}

/// What one search adds to the score.
fn summand(method: Method, place: Option<Place>, of_words: bool) -> String {
    match (place, method) {
        (None, _) => format!("0 [{}: no match]", if of_words { "text" } else { "vector" }),
        (Some(place), Method::Ranks { constant }) => {
            format!("1 / (constant {constant:.2} + rank {})", place.rank)
        }
        (Some(place), Method::Scores { alpha, beta }) => {
            format!("{:.4} * {:.4}", if of_words { alpha } else { beta }, place.score)
        }
    }
}

/// What the place in one order is worth: `text rank = 1`, `text contribution = 0.3 * 2 = 0.6`.
fn worth(method: Method, place: Option<Place>, of_words: bool) -> String {
    let name = if of_words { "text" } else { "vector" };
    let (what, value) = match (method, place) {
        (Method::Ranks { .. }, place) => ("rank", place.map(|place| place.rank.to_string())),
        (Method::Scores { alpha, beta }, place) => {
            let weight = if of_words { alpha } else { beta };
            let product =
                |Place { score, .. }| format!("{weight:.4} * {score:.4} = {:.4}", weight * score);
            ("contribution", place.map(product))
        }
    };
    format!("{name} {what} = {}", value.as_deref().unwrap_or("<no match>"))
}

fn of_words(place: Option<Place>, hybrid: &Hybrid<'_>, words: Option<Explanation>) -> Explanation {
    let method = hybrid.combine.method;
    let head = worth(method, place, true);
    let Some(place) = place else { return Explanation::leaf(head) };
    let normalized = matches!(method, Method::Scores { .. })
        .then(|| Explanation::leaf(format!("normalized text score = {:.4}", place.score)));
    let scorer = Explanation::of(
        format!(
            "Text scorer: {}{}",
            hybrid.scorer.name(),
            if hybrid.normalized { ".NORM" } else { "" }
        ),
        normalized.into_iter().chain(words).collect(),
    );
    Explanation::of(head, vec![scorer])
}

fn of_vector(place: Option<Place>, hybrid: &Hybrid<'_>) -> Explanation {
    let method = hybrid.combine.method;
    let mut below = Vec::new();
    let head = match hybrid.vsim.search {
        VectorSearch::Nearest(_) => "vector branch (KNN)".to_owned(),
        VectorSearch::Within(radius) => {
            below.push(Explanation::leaf(format!("matched within radius = {}", place.is_some())));
            let epsilon = hybrid.vsim.tuning.epsilon;
            let epsilon = epsilon.map(|epsilon| format!(", epsilon={}", general(epsilon)));
            let epsilon = epsilon.unwrap_or_default();
            format!("vector branch (RANGE: radius={radius:.4}{epsilon})")
        }
    };
    below.push(Explanation::leaf(worth(method, place, false)));
    if let (Method::Scores { .. }, Some(place)) = (method, place) {
        let score = place.score;
        below.push(Explanation::leaf(format!("normalized vector score = {score:.4}")));
    }
    Explanation::of(head, below)
}
