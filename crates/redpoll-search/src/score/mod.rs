//! Scores: how well a document answers a query.
//!
//! The formulas are those that RediSearch documents. A score is made along the tree of the query:
//! each word that matches gives its part, unions and intersections put the parts together, and the
//! scorer makes the document's score of the sum.

mod explain;
mod formula;

pub use explain::Explanation;
pub(crate) use formula::{Leaf, Parts, Scoring};

/// How documents are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scorer {
    /// Okapi BM25, as textbooks have it.
    #[default]
    Bm25Std,
    /// As `Bm25Std`, pressed into 0 to 1 by a hyperbolic tangent stretched by this factor.
    Bm25StdTanh(u32),
    /// BM25 as RediSearch had it first.
    Bm25,
    /// Frequency times rarity, by the document's most frequent term.
    TfIdf,
    /// Frequency times rarity, by the document's length.
    TfIdfDocNorm,
    /// Sums of frequencies, of which a union takes the best.
    DisMax,
    /// The document's own score.
    DocScore,
    /// How few bits of the payload differ from the query's.
    Hamming,
}

impl Scorer {
    /// The scorer of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name.to_ascii_uppercase().as_slice() {
            b"BM25STD" => Some(Scorer::Bm25Std),
            b"BM25STD.TANH" => Some(Scorer::Bm25StdTanh(4)),
            b"BM25" => Some(Scorer::Bm25),
            b"TFIDF" => Some(Scorer::TfIdf),
            b"TFIDF.DOCNORM" => Some(Scorer::TfIdfDocNorm),
            b"DISMAX" => Some(Scorer::DisMax),
            b"DOCSCORE" => Some(Scorer::DocScore),
            b"HAMMING" => Some(Scorer::Hamming),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Scorer::Bm25Std => "BM25STD",
            Scorer::Bm25StdTanh(_) => "BM25STD.TANH",
            Scorer::Bm25 => "BM25",
            Scorer::TfIdf => "TFIDF",
            Scorer::TfIdfDocNorm => "TFIDF.DOCNORM",
            Scorer::DisMax => "DISMAX",
            Scorer::DocScore => "DOCSCORE",
            Scorer::Hamming => "HAMMING",
        }
    }

    /// Whether it looks at how far words stand from one another.
    pub(crate) fn uses_slop(self) -> bool {
        matches!(self, Scorer::Bm25 | Scorer::TfIdf | Scorer::TfIdfDocNorm)
    }

    /// Whether a document's score is made of the sum of what its words give, and bounds of that are
    /// known.
    pub(crate) fn sums_words(self) -> bool {
        matches!(self, Scorer::Bm25Std | Scorer::Bm25StdTanh(_))
    }

    /// Whether it looks at the words at all.
    pub(crate) fn uses_words(self) -> bool {
        !matches!(self, Scorer::DocScore | Scorer::Hamming)
    }
}

/// How rare a term is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Rarity {
    /// As TFIDF and BM25 count it: the exponent of two in one plus the ratio of documents.
    pub tf_idf: f64,
    /// As BM25STD counts it.
    pub bm25: f64,
}

impl Rarity {
    /// Of a term that is in `count` of `docs` documents.
    pub fn new(docs: u64, count: u64) -> Self {
        let ratio = 1.0 + (docs + 1) as f64 / count.max(1) as f64;
        // The exponent of a normal number above one is exact in its bits.
        let exponent = (ratio.to_bits() >> 52) as i32 - 1023;
        let (total, term) = (docs.max(count) as f64, count as f64);
        let bm25 = (1.0 + (total - term + 0.5) / (term + 0.5)).ln();
        Rarity { tf_idf: f64::from(exponent), bm25 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        for scorer in [Scorer::Bm25Std, Scorer::TfIdfDocNorm, Scorer::Hamming] {
            assert_eq!(Scorer::from_name(scorer.name().to_lowercase().as_bytes()), Some(scorer));
        }
        assert_eq!(Scorer::from_name(b"x"), None);
    }

    #[test]
    fn rare_terms_count_more() {
        assert_eq!(Rarity::new(1, 1).tf_idf, 1.0);
        assert_eq!(Rarity::new(6, 1).tf_idf, 3.0);
        assert_eq!(Rarity::new(0, 0).tf_idf, 1.0);
        assert!(Rarity::new(100, 1).bm25 > Rarity::new(100, 50).bm25);
        assert!(Rarity::new(3, 5).bm25 > 0.0);
    }
}
