//! Stems of words.

use super::Language;

/// Words of fewer bytes are indexed without a stem.
pub(super) const MIN_BYTES: usize = 4;

/// Longer words have no stem worth the time that it takes to find it.
const MAX_BYTES: usize = 256;

/// The stem of `word`, which is in lower case. None if the language has no stemmer or the word is
/// not text; the word itself may be its own stem.
pub(super) fn stem(language: Language, word: &[u8]) -> Option<Vec<u8>> {
    if word.len() > MAX_BYTES {
        return None;
    }
    let algorithm = language.stemmer()?;
    let word = std::str::from_utf8(word).ok()?;
    Some(waken_snowball::stem(algorithm, word).into_owned().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_stems_in_several_languages() {
        assert_eq!(stem(Language::English, b"running").unwrap(), b"run");
        assert_eq!(stem(Language::English, b"run").unwrap(), b"run");
        assert_eq!(stem(Language::German, b"arbeitete").unwrap(), b"arbeit");
        assert_eq!(stem(Language::French, "changées".as_bytes()).unwrap(), b"chang");
        assert_eq!(stem(Language::Chinese, "中文".as_bytes()), None);
        assert_eq!(stem(Language::English, b"\xff\xfe"), None);
    }

    #[test]
    fn no_word_breaks_a_stemmer() {
        let words = ["", "a", "ß", "ﬁ", "İstanbul", "ที่", "יִידיש", "\u{0}", "''", "yyyy"];
        for language in Language::ALL {
            for word in words {
                stem(*language, word.as_bytes());
                stem(*language, word.repeat(40).as_bytes());
            }
        }
    }
}
