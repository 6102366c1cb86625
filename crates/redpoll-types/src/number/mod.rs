//! Text to number and back, by Redis's rules.
//!
//! Clients see these rules everywhere: which text INCR accepts, which member becomes an integer in
//! a compact encoding, how a score is printed. They are stricter than Rust's own parsers (no `+1`,
//! no `007`, no `-0` for integers) and print differently (`1e+100`), hence this module.
//!
//! [`LongDouble`] is apart: INCRBYFLOAT computes with 64 bits of mantissa, which no Rust type has.

mod big;
mod float;
mod long_double;

pub use float::{format_f64, parse_f64, shortest_f64};
pub use long_double::LongDouble;

/// The longest text of an `i64`: `-9223372036854775808`.
pub const I64_TEXT_MAX: usize = 20;

/// Reads a signed 64-bit integer in its one canonical text, or `None`.
///
/// Canonical means that printing the number gives the same bytes again: digits with an optional
/// `-`; no `+`, no spaces, no leading zeros, no `-0`.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    if text.len() > I64_TEXT_MAX {
        return None;
    }
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    let mut magnitude = 0u64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Writes `value` in decimal into `buffer` and returns the written part.
pub fn write_i64(value: i64, buffer: &mut [u8; 21]) -> &[u8] {
    let mut start = buffer.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        buffer[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        start -= 1;
        buffer[start] = b'-';
    }
    &buffer[start..]
}

/// How many bytes [`write_i64`] writes for `value`.
pub fn i64_text_len(value: i64) -> usize {
    let magnitude = value.unsigned_abs();
    let digits = magnitude.checked_ilog10().map_or(1, |log| log as usize + 1);
    digits + usize::from(value < 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_canonical_only() {
        for (text, value) in [
            ("0", 0),
            ("-1", -1),
            ("10", 10),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse_i64(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "+1",
            "-0",
            "00",
            "01",
            "-01",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x1",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999",
            "1a",
        ] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn integers_come_back(value in any::<i64>(), shift in 0u32..63) {
            for value in [value, value >> shift] {
                let mut buffer = [0; 21];
                let text = write_i64(value, &mut buffer);
                prop_assert_eq!(text.to_vec(), value.to_string().into_bytes());
                prop_assert_eq!(text.len(), i64_text_len(value));
                prop_assert_eq!(parse_i64(text), Some(value));
            }
        }

        #[test]
        fn any_accepted_text_is_canonical(text in "[-+0-9 ]{0,21}") {
            if let Some(value) = parse_i64(text.as_bytes()) {
                prop_assert_eq!(value.to_string(), text);
            }
        }
    }
}
