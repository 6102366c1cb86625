//! One order out of two.

use super::Found;
use super::request::Hybrid;
use redpoll_search::document::Value;
use redpoll_search::execute::Hit;
use redpoll_search::index::DocAddress;
use redpoll_search::schema::Metric;
use std::collections::HashMap;

/// How scores are put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Method {
    /// By the places that a document has in both orders.
    Ranks { constant: f64 },
    /// By the scores themselves.
    Scores { alpha: f64, beta: f64 },
}

/// How scores are put together, and of how many documents of each search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Combine {
    pub(super) method: Method,
    pub(super) window: usize,
}

impl Default for Combine {
    fn default() -> Self {
        Combine { method: Method::Ranks { constant: 60.0 }, window: Self::WINDOW }
    }
}

/// A document that one search has found, or both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Combined {
    pub(super) address: DocAddress,
    /// What the search for words made of it, and the one for vectors.
    pub(super) text: Option<Place>,
    pub(super) vector: Option<Place>,
    pub(super) score: f64,
}

/// A document's place among those that a search has found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Counted from 1.
    pub(super) rank: usize,
    /// The score of the words, or how near the vector is.
    pub(super) score: f64,
}

impl Combine {
    /// So many documents of each search, if nothing is said about it.
    pub(super) const WINDOW: usize = 20;

    /// The documents of both, the best first.
    pub(super) fn order(&self, found: &Found, metric: Metric) -> Vec<Combined> {
        let mut all: HashMap<DocAddress, Combined> = HashMap::new();
        let none = |address| Combined { address, text: None, vector: None, score: 0.0 };
        for (address, place) in self.places(&found.texts, |score| score) {
            let one = all.entry(address).or_insert_with(|| none(address));
            one.text = Some(place);
            one.score += self.part(place, true);
        }
        for (address, place) in self.places(&found.vectors, |distance| similarity(distance, metric))
        {
            let one = all.entry(address).or_insert_with(|| none(address));
            one.vector = Some(place);
            one.score += self.part(place, false);
        }
        let mut all: Vec<Combined> = all.into_values().collect();
        all.sort_by(|one, other| {
            other.score.total_cmp(&one.score).then(one.address.cmp(&other.address))
        });
        all
    }

    /// The documents within the window of one search, and their places.
    pub(super) fn places(
        &self,
        found: &[(DocAddress, f64)],
        score: impl Fn(f64) -> f64,
    ) -> impl Iterator<Item = (DocAddress, Place)> {
        let found = found.iter().take(self.window).enumerate();
        found.map(move |(at, (address, value))| {
            (*address, Place { rank: at + 1, score: score(*value) })
        })
    }

    /// What a place in one of the orders gives.
    fn part(&self, place: Place, of_words: bool) -> f64 {
        match self.method {
            Method::Ranks { constant } => 1.0 / (constant + place.rank as f64),
            Method::Scores { alpha, beta } => place.score * if of_words { alpha } else { beta },
        }
    }
}

/// How near a vector is, between 0 and 1 where the metric has bounds.
pub(super) fn similarity(distance: f64, metric: Metric) -> f64 {
    match metric {
        Metric::L2 => 1.0 / (1.0 + distance),
        Metric::Cosine | Metric::InnerProduct => (2.0 - distance) / 2.0,
    }
}

impl Combined {
    /// The document as a search would give it, with the scores that got names.
    pub(super) fn hit(&self, hybrid: &Hybrid<'_>) -> Hit {
        let names = [
            (hybrid.text_alias, self.text.map(|place| place.score)),
            (hybrid.vsim.alias, self.vector.map(|place| place.score)),
            (hybrid.score_alias, Some(self.score)),
        ];
        let named = names.into_iter().filter_map(|(name, score)| Some((name?.to_vec(), score?)));
        Hit {
            address: self.address,
            score: self.score,
            sort_value: Value::None,
            distances: named.collect(),
            explanation: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[(u32, f64)], vectors: &[(u32, f64)]) -> Found {
        let all = |list: &[(u32, f64)]| {
            list.iter().map(|(doc, score)| (DocAddress { part: 0, doc: *doc }, *score)).collect()
        };
        let (texts, vectors) = (all(texts), all(vectors));
        Found { texts, vectors, ..Found::default() }
    }

    fn order(combine: Combine, found: &Found) -> Vec<u32> {
        let ordered = combine.order(found, Metric::Cosine);
        ordered.iter().map(|one| one.address.doc).collect()
    }

    #[test]
    fn who_is_in_both_is_before_who_is_in_one() {
        let found = found(&[(1, 9.0), (2, 8.0)], &[(3, 0.1), (2, 0.2)]);
        assert_eq!(order(Combine::default(), &found), [2, 1, 3]);
        let narrow = Combine { window: 1, ..Combine::default() };
        assert_eq!(order(narrow, &found), [1, 3]);
    }

    #[test]
    fn weights_count() {
        let found = found(&[(1, 1.0)], &[(2, 0.0)]);
        let scores = |alpha, beta| Combine { method: Method::Scores { alpha, beta }, window: 20 };
        assert_eq!(order(scores(0.7, 0.3), &found), [1, 2]);
        assert_eq!(order(scores(0.3, 0.7), &found), [2, 1]);
    }
}
