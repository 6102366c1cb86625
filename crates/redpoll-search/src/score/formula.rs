//! The formulas.

use super::{Explanation, Rarity, Scorer};
use crate::index::part::PartView;
use crate::index::postings::Impact;

/// What a document's score is made of besides the words that match.
pub struct Scoring<'a> {
    /// The formula.
    pub scorer: Scorer,
    /// The mean length of all documents.
    pub len_mean: f64,
    /// The part that the document is in.
    pub part: &'a PartView,
    /// The document.
    pub doc: u32,
    /// The document's length, if the formula asks for it.
    pub len: u32,
    /// The query's payload.
    pub payload: Option<&'a [u8]>,
}

/// A word of a document.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// How often it occurs, weighted.
    pub freq: u32,
    /// How much it weighs in the query.
    pub weight: f64,
    /// How rare it is.
    pub rarity: Rarity,
    /// The word.
    pub term: &'a [u8],
}

/// How the parts of a node's children are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// All must match.
    All,
    /// Any may match.
    Any,
}

/// Of BM25STD.
const B: f64 = 0.75;
const K1: f64 = 1.2f32 as f64;
/// Of BM25.
const B_OLD: f64 = 0.5;

impl Scoring<'_> {
    /// Goes to a document.
    #[inline]
    pub fn go_to(&mut self, doc: u32) {
        self.doc = doc;
        if matches!(self.scorer, Scorer::Bm25Std | Scorer::Bm25StdTanh(_)) {
            self.len = self.part.len(doc);
        }
    }

    /// The part of a word.
    #[inline]
    pub fn leaf(&self, leaf: &Leaf<'_>) -> f64 {
        let freq = f64::from(leaf.freq);
        match self.scorer {
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) => {
                self.bm25_std(leaf.weight, leaf.rarity.bm25, freq, f64::from(self.len))
            }
            Scorer::Bm25 => leaf.weight * leaf.rarity.tf_idf * freq / self.bm25_norm(freq),
            Scorer::TfIdf | Scorer::TfIdfDocNorm => leaf.weight * freq * leaf.rarity.tf_idf,
            Scorer::DisMax => leaf.weight * freq,
            Scorer::DocScore | Scorer::Hamming => 0.0,
        }
    }

    /// The part of a match of every document.
    pub fn any_doc(&self, weight: f64) -> f64 {
        match self.scorer {
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) if weight != 0.0 => {
                self.bm25_std(weight, 1.0, 1.0, f64::from(self.len))
            }
            _ => self.value(weight),
        }
    }

    /// The part of a match that is no word, such as a number in a range.
    pub fn value(&self, weight: f64) -> f64 {
        match self.scorer {
            Scorer::Bm25 => weight / self.bm25_norm(1.0),
            Scorer::TfIdf | Scorer::TfIdfDocNorm | Scorer::DisMax => weight,
            _ => 0.0,
        }
    }

    /// Adds the part of a child to those of its siblings.
    #[inline]
    pub fn add(&self, parts: Parts, sum: f64, part: f64) -> f64 {
        if parts == Parts::Any && self.scorer == Scorer::DisMax {
            sum.max(part)
        } else {
            sum + part
        }
    }

    /// A bound of the part of a word in a block of its list.
    pub fn bound(&self, leaf: &Leaf<'_>, impact: &Impact) -> f64 {
        match self.scorer {
            _ if leaf.weight < 0.0 => f64::INFINITY,
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) => {
                let score = |(freq, len)| {
                    let (freq, len) = (f64::from(freq), f64::from(len));
                    self.bm25_std(leaf.weight, leaf.rarity.bm25, freq, len)
                };
                impact.pairs().map(score).fold(0.0, f64::max)
            }
            Scorer::DisMax => {
                let score = |(freq, _)| leaf.weight * f64::from(freq);
                impact.pairs().map(score).fold(0.0, f64::max)
            }
            _ => f64::INFINITY,
        }
    }

    /// The longest document in which a word that occurs so often can give as much as `least`.
    /// Longer ones give less; some of these do, too. None: any may.
    pub fn longest(&self, leaf: &Leaf<'_>, least: f64) -> Option<u32> {
        let is_bm25 = matches!(self.scorer, Scorer::Bm25Std | Scorer::Bm25StdTanh(_));
        if !is_bm25 || leaf.weight < 0.0 || least <= 0.0 {
            return None;
        }
        // `bm25_std`, solved for the length; and one more, as both are rounded.
        let most = leaf.weight * leaf.rarity.bm25 * (K1 + 1.0);
        let freq = f64::from(leaf.freq);
        let ratio = ((most * freq / least - freq) / K1 - (1.0 - B)) / B;
        Some((ratio * self.len_mean * (1.0 + 1e-9) + 1.0) as u32)
    }

    /// The part of a word in a document of this length, if the formula is one of BM25STD.
    pub fn leaf_at(&self, leaf: &Leaf<'_>, len: u32) -> f64 {
        let freq = f64::from(leaf.freq);
        self.bm25_std(leaf.weight, leaf.rarity.bm25, freq, f64::from(len))
    }

    /// A bound of the part of a word wherever it is.
    pub fn bound_of_any(&self, leaf: &Leaf<'_>) -> f64 {
        match self.scorer {
            _ if leaf.weight < 0.0 => f64::INFINITY,
            // However often it occurs, in however short a document.
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) => leaf.weight * leaf.rarity.bm25 * (K1 + 1.0),
            _ => f64::INFINITY,
        }
    }

    /// The score of the document, of which the words give `sum`. `slop` says how far the words
    /// stand from one another; it is asked only if the score can be above `least`.
    pub fn total(&self, sum: f64, least: f64, slop: impl FnOnce() -> u32) -> f64 {
        let own = || f64::from(self.part.score(self.doc));
        match self.scorer {
            Scorer::Bm25Std => own() * sum,
            Scorer::Bm25StdTanh(factor) => (own() * sum / f64::from(factor.max(1))).tanh(),
            Scorer::DisMax => sum,
            Scorer::DocScore => own(),
            Scorer::Hamming => self.hamming().unwrap_or(0.0),
            Scorer::Bm25 | Scorer::TfIdf | Scorer::TfIdfDocNorm => {
                let norm = f64::from(self.norm());
                let own = own();
                if own == 0.0 || norm == 0.0 {
                    return 0.0;
                }
                let score = own * sum / norm;
                if score < least { 0.0 } else { score / f64::from(slop().max(1)) }
            }
        }
    }

    /// What the words' sum is divided by.
    fn norm(&self) -> u32 {
        match self.scorer {
            Scorer::TfIdf => self.part.freq_max(self.doc),
            Scorer::TfIdfDocNorm => self.part.len(self.doc),
            _ => 1,
        }
    }

    #[inline]
    fn bm25_std(&self, weight: f64, idf: f64, freq: f64, len: f64) -> f64 {
        let ratio = len / self.len_mean.max(f64::MIN_POSITIVE);
        weight * idf * freq * (K1 + 1.0) / (freq + K1 * (1.0 - B + B * ratio))
    }

    fn bm25_norm(&self, freq: f64) -> f64 {
        freq + K1 * (1.0 - B_OLD + B_OLD * self.len_mean)
    }

    fn hamming(&self) -> Option<f64> {
        let (query, own) = (self.payload?, self.part.payload(self.doc)?);
        if own.is_empty() || own.len() != query.len() {
            return None;
        }
        let bits: u32 = own.iter().zip(query).map(|(a, b)| (a ^ b).count_ones()).sum();
        Some(1.0 / (f64::from(bits) + 1.0))
    }
}

/// How the parts came about.
impl Scoring<'_> {
    /// The part of a word.
    pub fn explain_leaf(&self, leaf: &Leaf<'_>) -> Explanation {
        let part = self.leaf(leaf);
        let (weight, freq, mean) = (leaf.weight, leaf.freq, self.len_mean);
        Explanation::leaf(match self.scorer {
            Scorer::TfIdf | Scorer::TfIdfDocNorm => format!(
                "(TFIDF {part:.2} = Weight {weight:.2} * TF {freq} * IDF {:.2})",
                leaf.rarity.tf_idf
            ),
            Scorer::Bm25 => format!(
                "({part:.2} = Weight {weight:.2} * IDF {:.2} * F {freq} / (F {freq} + k1 1.2 \
                 * (1 - b 0.5 + b 0.5 * Average Len {mean:.2})))",
                leaf.rarity.tf_idf
            ),
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) => {
                let term = String::from_utf8_lossy(leaf.term).into_owned();
                self.bm25_std_text(&term, part, weight, leaf.rarity.bm25, f64::from(freq))
            }
            Scorer::DisMax => format!("DISMAX {part:.2} = Weight {weight:.2} * Frequency {freq}"),
            Scorer::DocScore | Scorer::Hamming => String::new(),
        })
    }

    /// The part of a match of every document.
    pub fn explain_any_doc(&self, weight: f64) -> Explanation {
        match self.scorer {
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) if weight != 0.0 => {
                let part = self.any_doc(weight);
                Explanation::leaf(self.bm25_std_text("*", part, weight, 1.0, 1.0))
            }
            _ => self.explain_value(weight, 1),
        }
    }

    /// The part of a match that is no word.
    pub fn explain_value(&self, weight: f64, freq: u32) -> Explanation {
        let part = if freq == 0 { 0.0 } else { self.value(weight) };
        let mean = self.len_mean;
        Explanation::leaf(match self.scorer {
            Scorer::TfIdf | Scorer::TfIdfDocNorm => {
                format!("(TFIDF {part:.2} = Weight {weight:.2} * Frequency {freq})")
            }
            Scorer::Bm25 if freq == 0 => "Frequency 0 -> value 0".to_owned(),
            Scorer::Bm25 => format!(
                "({part:.2} = Weight {weight:.2} * F {freq} / (F {freq} + k1 1.2 * (1 - b 0.5 \
                 + b 0.5 * Average Len {mean:.2})))"
            ),
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) => "Irrelevant token -> score is 0".to_owned(),
            Scorer::DisMax => format!("DISMAX {part:.2} = Weight {weight:.2} * Frequency {freq}"),
            Scorer::DocScore | Scorer::Hamming => String::new(),
        })
    }

    /// The parts of a node's children, which make `sum`.
    pub fn explain_parts(&self, weight: f64, sum: f64, children: Vec<Explanation>) -> Explanation {
        let text = match self.scorer {
            Scorer::TfIdf | Scorer::TfIdfDocNorm => {
                format!("(Weight {weight:.2} * total children TFIDF {sum:.2})")
            }
            Scorer::DisMax => {
                format!("{:.2} = Weight {weight:.2} * children DISMAX {sum:.2}", weight * sum)
            }
            _ => format!("(Weight {weight:.2} * children BM25 {sum:.2})"),
        };
        Explanation::of(text, children)
    }

    /// The score of the document.
    pub fn explain_total(&self, sum: f64, slop: u32, words: Explanation) -> Explanation {
        let own = f64::from(self.part.score(self.doc));
        match self.scorer {
            Scorer::TfIdf | Scorer::TfIdfDocNorm => {
                let norm = self.norm();
                if own == 0.0 {
                    return Explanation::leaf("Document score is 0");
                }
                let text = format!(
                    "Final TFIDF : words TFIDF {sum:.2} * document score {own:.2} / norm {norm} \
                     / slop {slop}"
                );
                Explanation::of(text, vec![words])
            }
            Scorer::Bm25 => {
                let text = format!(
                    "Final BM25 : words BM25 {sum:.2} * document score {own:.2} / slop {slop}"
                );
                Explanation::of(text, vec![words])
            }
            Scorer::Bm25Std => Explanation::of(bm25_total(sum, own), vec![words]),
            Scorer::Bm25StdTanh(factor) => {
                let inner = Explanation::of(bm25_total(sum, own), vec![words]);
                let score = sum * own;
                let text = format!(
                    "Final Normalized BM25 : tanh(stretch factor 1/{factor} \
                     * Final BM25 {score:.2})"
                );
                Explanation::of(text, vec![inner])
            }
            Scorer::DisMax => words,
            Scorer::DocScore => Explanation::leaf(format!("Document's score is {own:.2}")),
            Scorer::Hamming => Explanation::leaf(self.hamming_text()),
        }
    }

    fn bm25_std_text(&self, term: &str, part: f64, weight: f64, idf: f64, freq: f64) -> String {
        let (len, mean) = (self.len, self.len_mean);
        format!(
            "{term}: ({part:.2} = Weight {weight:.2} * IDF {idf:.2} * (F {freq:.2} * (k1 1.2 + 1)) \
             / (F {freq:.2} + k1 1.2 * (1 - b 0.75 + b 0.75 * Doc Len {len} \
             / Average Doc Len {mean:.2})))"
        )
    }

    fn hamming_text(&self) -> String {
        let Some(score) = self.hamming() else {
            return "Payloads provided to scorer vary in length".to_owned();
        };
        let len = self.payload.map_or(0, <[u8]>::len);
        let bits = (1.0 / score).round() as u64 - 1;
        format!(
            "String length is {len}. Bit count is {bits}. Result is (1 / count + 1) = {score:.2}"
        )
    }
}

fn bm25_total(sum: f64, own: f64) -> String {
    format!("Final BM25 : words BM25 {sum:.2} * document score {own:.2}")
}
