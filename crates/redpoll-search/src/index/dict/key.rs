//! The keys of a dictionary: words, tags and what is missing, told apart by their first byte.

use crate::analysis::{SOUND_PREFIX, STEM_PREFIX, SYNONYM_PREFIX};
use crate::query::FieldId;

/// The first byte of words of text.
pub const TEXT: u8 = 0;
/// The first byte of tags, before two of the field.
const TAG: u8 = 1;
/// The first byte of what documents lack.
const MISSING: u8 = 2;

/// Puts the key of a word into `out`.
pub fn text_key(out: &mut Vec<u8>, word: &[u8]) {
    out.clear();
    out.push(TEXT);
    out.extend_from_slice(word);
}

/// What the keys of a field's tags begin with.
pub fn tag_prefix(field: FieldId) -> [u8; 3] {
    let [high, low] = field.0.to_be_bytes();
    [TAG, high, low]
}

/// The key whose list holds the documents that lack a field.
pub fn missing_key(field: FieldId) -> [u8; 3] {
    let [high, low] = field.0.to_be_bytes();
    [MISSING, high, low]
}

/// Whether a key is that of a word or a tag: not of a stem, a sound or a group of synonyms.
pub fn is_word(key: &[u8]) -> bool {
    match key {
        [TEXT, first, ..] => ![STEM_PREFIX, SOUND_PREFIX, SYNONYM_PREFIX].contains(first),
        _ => true,
    }
}

/// A key without what tells its kind: the word or the tag.
pub fn split_key(key: &[u8]) -> &[u8] {
    let prefix = if key.first() == Some(&TEXT) { 1 } else { 3 };
    key.get(prefix..).unwrap_or_default()
}
