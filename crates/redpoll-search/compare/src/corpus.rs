//! Comments made of words that are as unevenly frequent as in a language.

/// A query that both engines understand.
pub enum Query {
    Word(String),
    All(Vec<String>),
    Any(Vec<String>),
    Phrase(Vec<String>),
    Prefix(String),
}

pub struct Corpus {
    pub texts: Vec<String>,
    words: Vec<String>,
}

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to 1.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

const WORDS: usize = 200_000;

impl Corpus {
    pub fn new(docs: usize, seed: u64) -> Self {
        let words: Vec<String> = (0..WORDS).map(word).collect();
        let mut sums: Vec<f64> = Vec::with_capacity(WORDS);
        let mut sum = 0.0;
        for rank in 0..WORDS {
            sum += 1.0 / (rank as f64 + 10.0);
            sums.push(sum);
        }
        let mut random = Random::new(seed);
        let texts = (0..docs).map(|_| {
            let count = 15 + random.next() % 31;
            let mut text = String::new();
            for _ in 0..count {
                let at = random.uniform() * sum;
                let rank = sums.partition_point(|sum| *sum < at).min(WORDS - 1);
                text.push_str(&words[rank]);
                text.push(' ');
            }
            text.pop();
            text
        });
        Corpus { texts: texts.collect(), words }
    }

    pub fn text_bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }

    pub fn queries(&self) -> Vec<(&'static str, Query)> {
        let word = |rank: usize| self.words[rank].clone();
        let words = |ranks: &[usize]| ranks.iter().map(|rank| word(*rank)).collect::<Vec<_>>();
        vec![
            ("heavy word", Query::Word(word(2))),
            ("word", Query::Word(word(300))),
            ("light word", Query::Word(word(5_000))),
            ("rare word", Query::Word(word(100_000))),
            ("two heavy words", Query::All(words(&[2, 5]))),
            ("heavy and light", Query::All(words(&[2, 1000]))),
            ("two words", Query::All(words(&[100, 300]))),
            ("three words", Query::All(words(&[3, 20, 100]))),
            ("either of two", Query::Any(words(&[100, 300]))),
            ("either of two heavy", Query::Any(words(&[2, 5]))),
            ("heavy phrase", Query::Phrase(words(&[2, 5]))),
            ("phrase", Query::Phrase(words(&[20, 30]))),
            ("phrase of three", Query::Phrase(words(&[2, 5, 7]))),
            ("prefix", Query::Prefix(word(5_000)[..3].to_owned())),
            ("short prefix", Query::Prefix(word(300)[..2].to_owned())),
        ]
    }
}

/// A word by its rank: frequent ones are short, and no two are the same.
fn word(rank: usize) -> String {
    const CONSONANTS: &[u8] = b"bcdfghjklmnprstvwxz";
    const VOWELS: &[u8] = b"aeiou";
    let mut rest = rank + 120;
    let mut word = String::new();
    while rest > 0 {
        word.push(CONSONANTS[rest % CONSONANTS.len()] as char);
        rest /= CONSONANTS.len();
        word.push(VOWELS[rest % VOWELS.len()] as char);
        rest /= VOWELS.len();
    }
    word
}
