//! Suggestions, in the form of RediSearch's module: a value that says what each of its parts is.

use crate::kind::module;
use crate::{Sink, length, text};
use redpoll_types::suggestions::Suggestions;

pub(super) fn write(sink: &mut impl Sink, suggestions: &Suggestions, compress: bool) {
    length::write(sink, module::SUGGESTIONS << module::VERSION_BITS | module::WITH_PAYLOADS);
    length::write(sink, module::UNSIGNED);
    length::write(sink, suggestions.len() as u64);
    suggestions.each(|text, score, payload| {
        string(sink, text, compress);
        length::write(sink, module::DOUBLE);
        sink.put(&score.to_le_bytes());
        string(sink, payload.unwrap_or_default(), compress);
    });
    length::write(sink, module::END);
}

/// A string with a zero behind it, which the module counts.
fn string(sink: &mut impl Sink, own: &[u8], compress: bool) {
    length::write(sink, module::STRING);
    text::write(sink, &[own, b"\0"].concat(), compress);
}
