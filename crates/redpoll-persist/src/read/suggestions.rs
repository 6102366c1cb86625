//! Suggestions, as RediSearch's module writes them: without payloads, with them, or with a count of
//! documents too, which is not kept.

use super::module::part;
use crate::kind::module;
use crate::source::array;
use crate::{Fault, Result, Source, length, text};
use redpoll_types::suggestions::Suggestions;

/// A value of a module: suggestions, or of a type that is not known.
pub(super) fn read(source: &mut impl Source) -> Result<Suggestions> {
    let id = length::read_plain(source)?;
    let version = id & ((1 << module::VERSION_BITS) - 1);
    if id >> module::VERSION_BITS != module::SUGGESTIONS || version > module::WITH_DOCUMENTS {
        return Err(source.error(Fault::Module));
    }
    let mut suggestions = Suggestions::new();
    part(source, module::UNSIGNED)?;
    let (mut own, mut payload) = (Vec::new(), Vec::new());
    for _ in 0..length::read_plain(source)? {
        string(source, &mut own)?;
        part(source, module::DOUBLE)?;
        let score = f64::from_le_bytes(array(source)?);
        if score.is_nan() {
            return Err(source.error(Fault::Score));
        }
        if version >= module::WITH_PAYLOADS {
            string(source, &mut payload)?;
        }
        if version >= module::WITH_DOCUMENTS {
            part(source, module::UNSIGNED)?;
            length::read_plain(source)?;
        }
        suggestions.add(&own, score, false, Some(&payload));
    }
    part(source, module::END)?;
    Ok(suggestions)
}

/// A string, without the zero behind it.
fn string(source: &mut impl Source, out: &mut Vec<u8>) -> Result<()> {
    part(source, module::STRING)?;
    text::read_into(source, out)?;
    match out.pop() {
        Some(0) => Ok(()),
        _ => Err(source.error(Fault::Module)),
    }
}
