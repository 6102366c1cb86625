//! Comments that nobody has written: about thirty words each, as unevenly frequent as in a
//! language.

use crate::random::Random;

/// How many words there are.
const WORDS: usize = 200_000;
/// The most frequent words of a language are less frequent than Zipf's law has it.
const FLATTENED: f64 = 10.0;
/// Words of a comment: so many, and below so many more.
const LEAST: u64 = 15;
const MORE: u64 = 31;

/// Makes comments, the same ones for the same seed.
pub struct Comments {
    words: Vec<String>,
    /// Up to each word, the sum of how frequent they are.
    sums: Vec<f64>,
    random: Random,
}

impl Comments {
    /// Comments by a seed.
    pub fn new(seed: u64) -> Self {
        let mut sum = 0.0;
        let sums = (0..WORDS).map(|rank| {
            sum += 1.0 / (rank as f64 + FLATTENED);
            sum
        });
        let sums = sums.collect();
        Comments { words: (0..WORDS).map(word).collect(), sums, random: Random::new(seed) }
    }

    /// The next one.
    pub fn next_comment(&mut self) -> String {
        let count = LEAST + self.random.below(MORE);
        let all = self.sums.last().copied().unwrap_or(0.0);
        let mut text = String::new();
        for index in 0..count {
            // 53 bits are what a float holds.
            let even = (self.random.bits() >> 11) as f64 / (1u64 << 53) as f64;
            let rank = self.sums.partition_point(|sum| *sum < even * all).min(WORDS - 1);
            if index > 0 {
                text.push(' ');
            }
            text.push_str(&self.words[rank]);
        }
        text
    }
}

/// A word by its rank: frequent ones are short, and no two are the same.
fn word(rank: usize) -> String {
    const CONSONANTS: &[u8] = b"bcdfghjklmnprstvwxz";
    const VOWELS: &[u8] = b"aeiou";
    // What is shorter might be a stop word.
    let mut rest = rank + CONSONANTS.len() * VOWELS.len();
    let mut word = String::new();
    while rest > 0 {
        word.push(CONSONANTS[rest % CONSONANTS.len()] as char);
        rest /= CONSONANTS.len();
        word.push(VOWELS[rest % VOWELS.len()] as char);
        rest /= VOWELS.len();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_seed_makes_the_same_comments() {
        let comments = |seed| {
            let mut comments = Comments::new(seed);
            (0..3).map(|_| comments.next_comment()).collect::<Vec<_>>()
        };
        assert_eq!(comments(7), comments(7));
        assert_ne!(comments(7), comments(8));
        for comment in comments(7) {
            assert!((15..46).contains(&comment.split(' ').count()), "{comment}");
        }
    }

    #[test]
    fn words_differ() {
        let words: HashSet<String> = (0..WORDS).map(word).collect();
        assert_eq!(words.len(), WORDS);
    }
}
