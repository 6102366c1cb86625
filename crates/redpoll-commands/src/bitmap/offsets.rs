//! Bit offsets, and ranges of bytes or bits.

use crate::prelude::*;
use redpoll_config::Config;

/// Why a word is no bit offset.
pub const BAD_OFFSET: &str = "ERR bit offset is not an integer or out of range";

/// The optional unit of a range.
pub const UNIT: Arg =
    Arg::one_of("unit", &[Arg::flag("byte", "BYTE"), Arg::flag("bit", "BIT")]).optional();

/// A bit offset, within the longest string that is allowed.
pub fn offset(word: &[u8], config: &Config) -> Result<u64> {
    let offset = parse::int(word).ok().and_then(|offset| u64::try_from(offset).ok());
    check(offset, config)
}

/// A bit offset that may also count fields of `width` bits: `#3`.
pub fn field_offset(word: &[u8], width: u64, config: &Config) -> Result<u64> {
    let Some(number) = word.strip_prefix(b"#") else { return offset(word, config) };
    let number = parse::int(number).ok().and_then(|number| u64::try_from(number).ok());
    check(number.and_then(|number| number.checked_mul(width)), config)
}

fn check(offset: Option<u64>, config: &Config) -> Result<u64> {
    let allowed = offset.filter(|offset| offset / 8 < config.proto_max_bulk_len());
    allowed.ok_or(Error::text(BAD_OFFSET))
}

/// Whether a range counts bits: the word that may say so.
pub fn is_in_bits(word: Option<&[u8]>) -> Result<bool> {
    match word {
        None => Ok(false),
        Some(word) if parse::is(word, "bit") => Ok(true),
        Some(word) if parse::is(word, "byte") => Ok(false),
        Some(_) => Err(Error::Syntax),
    }
}

/// The first and last bit of a range in a string of `len` bytes, where negative ends count from the
/// string's end; `None` if the range is empty.
pub fn bits(start: i64, end: i64, in_bits: bool, len: usize) -> Option<(u64, u64)> {
    // No string has 2^60 bytes.
    let total = if in_bits { 8 * len as i64 } else { len as i64 };
    let place = |index: i64| if index < 0 { index.saturating_add(total).max(0) } else { index };
    let (start, end) = (place(start), place(end).min(total - 1));
    if start > end {
        return None;
    }
    let (start, end) = (start as u64, end as u64);
    Some(if in_bits { (start, end) } else { (8 * start, 8 * end + 7) })
}
