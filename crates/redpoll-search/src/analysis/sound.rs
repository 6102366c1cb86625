//! How words sound: Double Metaphone, made for English and used for all languages.

use rphonetic::{DoubleMetaphone, Encoder};

/// Words of fewer bytes are indexed without their sound.
pub(super) const MIN_BYTES: usize = 3;

/// The sound of `word`; none if it is not text or has no letters.
pub(super) fn sound(word: &[u8]) -> Option<Vec<u8>> {
    let word = std::str::from_utf8(word).ok()?;
    let sound = DoubleMetaphone::default().encode(word);
    (!sound.is_empty()).then(|| sound.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::sound;

    #[test]
    fn words_that_sound_alike_are_the_same() {
        assert_eq!(sound(b"felix"), sound(b"phelix"));
        assert_eq!(sound(b"john"), sound(b"jon"));
        assert_ne!(sound(b"morphix"), sound(b"jon"));
        assert_eq!(sound(b"1234"), None);
        assert_eq!(sound(b"\xff"), None);
        assert_eq!(sound(b""), None);
    }
}
