//! The steps from text to tokens.

use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::cache::Cache;
use super::normalize::normalize_into;
use super::separators::Stretches;
use super::{Language, SOUND_PREFIX, STEM_PREFIX, StopWords, sound, stem};

/// Turns text of one language into tokens.
#[derive(Debug, Clone)]
pub struct Analyzer {
    language: Language,
    stop_words: Arc<StopWords>,
}

/// What a field wants of its text besides the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// Stems, too.
    pub stem: bool,
    /// Sounds, too.
    pub phonetic: bool,
}

/// A word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// The word as the index keeps it.
    pub term: &'a [u8],
    /// Its stem with [`STEM_PREFIX`], if the field wants stems and it differs from the word: a term
    /// of the index, too, at the same position.
    pub stem: Option<&'a [u8]>,
    /// Its sound with [`SOUND_PREFIX`], if the field wants sounds: a term of the index, too.
    pub sound: Option<&'a [u8]>,
    /// Which word of the text it is, from 1. Stop words are not counted.
    pub position: u32,
    /// Where it begins in the text, in bytes.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

/// Memory that one thread uses again for every text.
#[derive(Debug, Default)]
pub struct Scratch {
    term: Vec<u8>,
    language: Language,
    stems: Cache,
    sounds: Cache,
    long_stem: Vec<u8>,
    long_sound: Vec<u8>,
}

impl Analyzer {
    /// An analyzer for `language` that leaves out `stop_words`.
    pub fn new(language: Language, stop_words: Arc<StopWords>) -> Self {
        Analyzer { language, stop_words }
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The words that are left out.
    pub fn stop_words(&self) -> &StopWords {
        &self.stop_words
    }

    /// Gives every token of `text` to `each`. An empty text has none: whether to index it as the
    /// empty word is the field's decision.
    pub fn analyze(
        &self,
        text: &[u8],
        options: TextOptions,
        scratch: &mut Scratch,
        mut each: impl FnMut(Token<'_>),
    ) {
        if scratch.language != self.language {
            scratch.language = self.language;
            scratch.stems.clear();
        }
        let Scratch { term, stems, sounds, long_stem, long_sound, .. } = scratch;
        let mut position = 0;
        self.each_word(text, term, |term, start, end| {
            position += 1;
            let stem = match options.stem && self.stems(term) {
                true => self.stem_term(term, stems, long_stem),
                false => None,
            };
            let sound = match options.phonetic && term.len() >= sound::MIN_BYTES {
                true => sound_term(term, sounds, long_sound),
                false => None,
            };
            each(Token { term, stem, sound, position, start, end });
        });
    }

    /// Every word of `text` that is no stop word, with where it stands: the words of a query's
    /// phrase, the places that a highlighter looks at.
    pub fn words(&self, text: &[u8], mut each: impl FnMut(&[u8], usize, usize)) {
        self.each_word(text, &mut Vec::new(), |term, start, end| {
            each(term, start as usize, end as usize);
        });
    }

    /// The stem of `word`, without a prefix. None if the language has no stemmer.
    pub fn stem(&self, word: &[u8]) -> Option<Vec<u8>> {
        stem::stem(self.language, word)
    }

    /// The sound of `word`, without a prefix.
    pub fn sound(&self, word: &[u8]) -> Option<Vec<u8>> {
        sound::sound(word)
    }

    fn each_word(&self, text: &[u8], term: &mut Vec<u8>, mut each: impl FnMut(&[u8], u32, u32)) {
        let mut word = |at: usize, word: &[u8]| {
            term.clear();
            normalize_into(word, term);
            if !term.is_empty() && !self.stop_words.contains(term) {
                each(term, at as u32, (at + word.len()) as u32);
            }
        };
        for (at, stretch) in Stretches::new(text) {
            match self.language {
                Language::Chinese => segments(stretch, |from, part| word(at + from, part)),
                _ => word(at, stretch),
            }
        }
    }

    /// Whether `term` is long enough to be stemmed.
    fn stems(&self, term: &[u8]) -> bool {
        term.len() >= stem::MIN_BYTES
    }

    fn stem_term<'a>(
        &self,
        term: &[u8],
        cache: &'a mut Cache,
        long: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        let make = |word: &[u8]| {
            let stem = self.stem(word).filter(|stem| stem != word)?;
            Some(prefixed(STEM_PREFIX, &stem))
        };
        remembered(term, cache, long, make)
    }
}

fn sound_term<'a>(term: &[u8], cache: &'a mut Cache, long: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let make = |word: &[u8]| Some(prefixed(SOUND_PREFIX, &sound::sound(word)?));
    remembered(term, cache, long, make)
}

fn remembered<'a>(
    term: &[u8],
    cache: &'a mut Cache,
    long: &'a mut Vec<u8>,
    make: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Option<&'a [u8]> {
    if Cache::takes(term) {
        return cache.get(term, make);
    }
    *long = make(term)?;
    Some(long)
}

fn prefixed(prefix: u8, term: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(term.len() + 1);
    out.push(prefix);
    out.extend_from_slice(term);
    out
}

/// The words of a stretch of text that is written without spaces, by Unicode's rules: a Chinese
/// character is a word of its own, and a query's words are looked for as a phrase.
fn segments(stretch: &[u8], mut each: impl FnMut(usize, &[u8])) {
    let mut at = 0;
    for chunk in stretch.utf8_chunks() {
        for (from, word) in chunk.valid().unicode_word_indices() {
            each(at + from, word.as_bytes());
        }
        at += chunk.valid().len() + chunk.invalid().len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(language: Language, text: &[u8], phonetic: bool) -> Vec<String> {
        let analyzer = Analyzer::new(language, Arc::default());
        let mut out = Vec::new();
        let options = TextOptions { stem: true, phonetic };
        let show = |term: &[u8]| String::from_utf8_lossy(term).into_owned();
        analyzer.analyze(text, options, &mut Scratch::default(), |token| {
            let mut line = format!("{} {}", token.position, show(token.term));
            for more in [token.stem, token.sound].into_iter().flatten() {
                line += &format!(" {}", show(more));
            }
            out.push(format!("{line} {}..{}", token.start, token.end));
        });
        out
    }

    #[test]
    fn words_come_with_stems_and_places() {
        let got = tokens(Language::English, b"The Running  dogs, of X!", false);
        assert_eq!(got, ["1 running +run 4..11", "2 dogs +dog 13..17", "3 x 22..23"]);
        assert_eq!(tokens(Language::English, b"", false), [""; 0]);
        assert_eq!(tokens(Language::English, b"the of", false), [""; 0]);
    }

    #[test]
    fn sounds_are_terms_of_their_own() {
        assert_eq!(tokens(Language::English, b"felix", true), ["1 felix <FLKS 0..5"]);
    }

    #[test]
    fn chinese_is_cut_into_characters() {
        let got = tokens(Language::Chinese, "Redis中文。".as_bytes(), false);
        assert_eq!(got, ["1 redis 0..5", "2 中 5..8", "3 文 8..11"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_words_too() {
        assert_eq!(tokens(Language::English, b"\xff\xfe abc", false).len(), 2);
        assert_eq!(tokens(Language::Chinese, b"\xff\xfe abc\xff", false).len(), 1);
    }

    #[test]
    fn a_long_word_is_no_different() {
        let word = "running".repeat(20);
        let got = tokens(Language::English, word.as_bytes(), true);
        assert_eq!(got.len(), 1);
        assert!(got[0].contains(" +runningrunning"), "{got:?}");
    }
}
