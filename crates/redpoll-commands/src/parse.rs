//! Reading arguments: numbers, options, times, each with Redis's error when it is none.

use redpoll_engine::{Error, Result};
use redpoll_types::number::{parse_f64, parse_i64};

/// A 64-bit integer.
pub fn int(word: &[u8]) -> Result<i64> {
    parse_i64(word).ok_or(Error::NotInteger)
}

/// A floating-point number; infinities are numbers, NaN is not.
pub fn float(word: &[u8]) -> Result<f64> {
    parse_f64(word).ok_or(Error::NotFloat)
}

/// An integer of at least 0, refused with Redis's words for counts.
pub fn count(word: &[u8]) -> Result<usize> {
    let count = parse_i64(word).filter(|&count| count >= 0);
    count.and_then(|count| usize::try_from(count).ok()).ok_or(Error::OutOfRange)
}

/// Whether a word is `option` in any case.
#[inline]
pub fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

/// A timeout in seconds with a fraction, as milliseconds from `now` on; `None` for 0, which means
/// for ever.
pub fn timeout(word: &[u8], now: i64) -> Result<Option<i64>> {
    let seconds = parse_f64(word).or_else(|| hexadecimal(word)).ok_or(Error::InvalidTimeout)?;
    let millis = (seconds * 1000.0).ceil();
    if millis > (i64::MAX - now) as f64 {
        return Err(Error::text("ERR timeout is out of range"));
    }
    if millis < 0.0 {
        return Err(Error::NegativeTimeout);
    }
    Ok((millis > 0.0).then_some(millis as i64))
}

/// A timeout in milliseconds; `None` for 0, which means for ever.
pub fn timeout_ms(word: &[u8], now: i64) -> Result<Option<i64>> {
    let millis =
        int(word).map_err(|_| Error::text("ERR timeout is not an integer or out of range"))?;
    if millis < 0 {
        return Err(Error::NegativeTimeout);
    }
    if millis.checked_add(now).is_none() {
        return Err(Error::text("ERR timeout is out of range"));
    }
    Ok((millis > 0).then_some(millis))
}

/// A whole number in base 16, as C reads timeouts too: `0x1f`.
fn hexadecimal(word: &[u8]) -> Option<f64> {
    let digits = word.strip_prefix(b"0x").or_else(|| word.strip_prefix(b"0X"))?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u64::from_str_radix(digits, 16).ok().map(|value| value as f64)
}

/// How many elements to choose at random, and whether the same one may come several times (a
/// negative count): the count of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER.
pub fn random_count(word: &[u8]) -> Result<(usize, bool)> {
    let count = int(word)?;
    if count == i64::MIN {
        return Err(Error::text(
            "ERR value is out of range, value must between -9223372036854775807 and \
             9223372036854775807",
        ));
    }
    Ok((usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX), count < 0))
}

/// An integer within a range, refused with Redis's words for ranges.
pub fn int_in(word: &[u8], range: std::ops::RangeInclusive<i64>) -> Result<i64> {
    let value = int(word)?;
    if range.contains(&value) {
        return Ok(value);
    }
    let (min, max) = (range.start(), range.end());
    Err(Error::text(format!("ERR value is out of range, value must between {min} and {max}")))
}

/// A subcommand with a number of words that none of its forms has.
pub fn bad_subcommand(args: redpoll_resp::Args<'_>) -> Error {
    let word = |index| String::from_utf8_lossy(args.get(index).unwrap_or_default()).into_owned();
    let (container, sub) = (word(0).to_uppercase(), word(1));
    Error::text(format!(
        "ERR unknown subcommand or wrong number of arguments for '{sub}'. Try {container} HELP."
    ))
}
