//! From text to the words that are indexed and looked for.
//!
//! Documents and queries go through the same steps, so that a word of the one meets a word of the
//! other: cut at separators, taken out of its escapes, put in lower case, left out if it is a stop
//! word. Stems and sounds are terms of their own beside the word, told apart by a first byte that
//! plain words cannot begin with: so the index needs no second dictionary, and a query for the
//! exact word stays exact.

mod analyzer;
mod cache;
mod language;
mod normalize;
mod separators;
mod sound;
mod stem;
mod stop_words;

pub use analyzer::{Analyzer, Scratch, TextOptions, Token};
pub use language::Language;
pub use normalize::{lower_case, normalize};
pub use separators::is_separator;
pub use stop_words::StopWords;

/// The first byte of a stem in the dictionary of terms.
pub const STEM_PREFIX: u8 = b'+';
/// The first byte of a sound.
pub const SOUND_PREFIX: u8 = b'<';
/// The first byte of a group of synonyms.
pub const SYNONYM_PREFIX: u8 = b'~';
