//! Numbers as redis.conf writes them: plain, with a memory unit, octal.
//!
//! Plain integers have one accepted text each (no `+1`, no `007`), as in Redis's commands. Memory
//! units are powers of 1000 without a `b` and of 1024 with it. Redis lets a memory value overflow
//! and reads a bare unit as zero; both are surely mistakes of the writer, and are refused here.

/// Reads a signed 64-bit integer in canonical text.
pub(crate) fn parse_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'0'] if digits.len() == text.len() => {}
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {}
        _ => return None,
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads a number of bytes with an optional unit: `100`, `100b`, `1k`, `1kb`, `2m`, `2mb`, `3g`,
/// `3gb`.
pub(crate) fn parse_memory(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1000 * 1000,
        b"mb" => 1 << 20,
        b"g" => 1000 * 1000 * 1000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    count.checked_mul(unit)
}

/// Reads an octal number, such as the mode of a socket file.
pub(crate) fn parse_octal(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok().filter(|text| !text.starts_with('+'))?;
    i64::from_str_radix(text, 8).ok()
}

/// Reads a decimal number the way the parts of `save` and alike are read: leading zeros and a sign
/// are fine.
pub(crate) fn parse_loosely(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.trim_ascii_start().parse().ok()
}

/// Writes a number of bytes with the largest unit that divides it.
pub(crate) fn format_memory(bytes: u64) -> String {
    for (shift, unit) in [(30, "gb"), (20, "mb"), (10, "kb")] {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

/// Writes a percentile without trailing zeros: `50`, `99.9`.
pub(crate) fn format_decimal(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_canonical() {
        assert_eq!(parse_integer(b"0"), Some(0));
        assert_eq!(parse_integer(b"-17"), Some(-17));
        assert_eq!(parse_integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_integer(b"-9223372036854775808"), Some(i64::MIN));
        for text in ["", "-", "-0", "+1", "01", " 1", "1 ", "1k", "9223372036854775808", "1_0"] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn memory_units() {
        for (text, bytes) in [
            ("100", 100),
            ("100b", 100),
            ("1k", 1000),
            ("1KB", 1024),
            ("2m", 2_000_000),
            ("2Mb", 2 << 20),
            ("3g", 3_000_000_000),
            ("3gB", 3 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_memory(text.as_bytes()), Some(bytes), "{text}");
        }
        for text in ["", "gb", "-1", "+1", "1zb", "1 kb", "1.5gb", "18446744073709551615kb"] {
            assert_eq!(parse_memory(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn octal_and_decimals() {
        assert_eq!(parse_octal(b"700"), Some(0o700));
        assert_eq!(parse_octal(b"0777"), Some(0o777));
        assert_eq!(parse_octal(b"9"), None);
        assert_eq!(parse_octal(b"+7"), None);
        assert_eq!(format_decimal(50.0), "50");
        assert_eq!(format_decimal(99.9), "99.9");
        assert_eq!(format_decimal(100.0), "100");
        assert_eq!(format_decimal(0.0), "0");
        assert_eq!(format_memory(0), "0");
        assert_eq!(format_memory(1 << 30), "1gb");
        assert_eq!(format_memory(1000), "1000");
    }

    proptest! {
        #[test]
        fn memory_comes_back(bytes: u64, shift in 0u32..64) {
            let bytes = bytes >> shift << (shift / 2);
            prop_assert_eq!(parse_memory(format_memory(bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn never_panics(text in prop::collection::vec(any::<u8>(), 0..30)) {
            parse_integer(&text);
            parse_memory(&text);
            parse_octal(&text);
            parse_loosely(&text);
        }
    }
}
