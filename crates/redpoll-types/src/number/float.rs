//! Doubles: scores, increments, coordinates.
//!
//! Rust's own parser and shortest-digits printer do the hard part; this file adds Redis's rules of
//! acceptance (overflow and underflow are errors, `nan` is refused) and its choice between plain
//! and exponent form, which is that of Redis 7.2: plain while at most seven zeros are needed.

use std::fmt::Write as _;

/// Reads a double, or `None` where Redis says "value is not a valid float".
///
/// The whole text must be the number: no spaces. `inf`, `infinity` with any sign and case are
/// numbers; `nan` is not, nor is a number too large or too small (but not zero) for a double.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if value.is_nan() {
        return None;
    }
    if value.is_infinite() && text.iter().any(u8::is_ascii_digit) {
        return None;
    }
    if value == 0.0 && has_nonzero_digit(text) {
        return None;
    }
    Some(value)
}

/// Whether the mantissa (what stands before an `e`) has a digit other than 0.
fn has_nonzero_digit(text: &[u8]) -> bool {
    text.iter()
        .take_while(|byte| !matches!(byte, b'e' | b'E'))
        .any(|byte| matches!(byte, b'1'..=b'9'))
}

/// The text of a double in replies and in stored scores: the fewest digits that read back as the
/// same double, `inf`, `-inf`, `nan`, `-0`.
pub fn format_f64(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    // Whole numbers up to 2^62 are always printed in full.
    let whole = value as i64;
    if value.abs() <= (1i64 << 62) as f64 && whole as f64 == value {
        return whole.to_string();
    }
    shortest_f64(value)
}

/// As [`format_f64`], but round whole numbers get their exponent too (`1e+8`): the text that DEBUG
/// DIGEST mixes in for a score.
pub fn shortest_f64(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format_f64(value);
    }
    let (digits, exponent) = shortest_digits(value.abs());
    let mut text = String::with_capacity(28);
    if value < 0.0 {
        text.push('-');
    }
    lay_out(&mut text, &digits, exponent);
    text
}

/// The shortest digits of a positive double, and the power of ten of the last of them.
fn shortest_digits(value: f64) -> (String, i32) {
    // The same printer as for replies: of two texts equally short and close, both choose the same.
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let power: i32 = exponent.parse().unwrap_or(0);
    let last_power = power - fraction.len() as i32 + (all.len() - digits.len()) as i32;
    (digits.trim_start_matches('0').to_owned(), last_power)
}

/// Chooses between `1230`, `1.23`, `0.00123` and `1.23e+45`.
fn lay_out(text: &mut String, digits: &str, last_power: i32) {
    let count = digits.len() as i32;
    let first_power = last_power + count - 1;
    if last_power >= 0 && first_power < count + 7 {
        text.push_str(digits);
        text.extend(std::iter::repeat_n('0', last_power as usize));
    } else if last_power < 0 && (last_power > -7 || first_power.abs() < 4) {
        let before_point = count + last_power;
        if before_point <= 0 {
            text.push_str("0.");
            text.extend(std::iter::repeat_n('0', before_point.unsigned_abs() as usize));
            text.push_str(digits);
        } else {
            let (before, after) = digits.split_at(before_point as usize);
            text.push_str(before);
            text.push('.');
            text.push_str(after);
        }
    } else {
        let (first, rest) = digits.split_at(1);
        text.push_str(first);
        if !rest.is_empty() {
            text.push('.');
            text.push_str(rest);
        }
        let sign = if first_power < 0 { '-' } else { '+' };
        // Writing to a String cannot fail.
        let _ = write!(text, "e{sign}{}", first_power.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_shortest_text_of_whole_numbers() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1e7, "10000000"),
            (1e8, "1e+8"),
            (-1e8, "-1e+8"),
            (123456789.0, "123456789"),
            (1.5, "1.5"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(shortest_f64(value), text);
        }
    }

    #[test]
    fn accepts_what_redis_accepts() {
        for (text, value) in [
            ("3", 3.0),
            ("+3", 3.0),
            ("-3.5", -3.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("0e999", 0.0),
            ("inf", f64::INFINITY),
            ("+INF", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("4.9e-324", 5e-324),
        ] {
            assert_eq!(parse_f64(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "", " 1", "1 ", "nan", "-nan", "1e", ".", "e1", "1e400", "-1e400", "1e-400", "1_0",
            "1,5", "abc", "1\0", "\u{661}", "infi", "--1",
        ] {
            assert_eq!(parse_f64(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse_f64(b"\xff"), None);
    }

    #[test]
    fn prints_as_redis_prints() {
        for (value, text) in [
            (3.0, "3"),
            (3.1, "3.1"),
            (-3.5, "-3.5"),
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e100, "1e+100"),
            (-1.5e300, "-1.5e+300"),
            (1e-5, "0.00001"),
            (1e-7, "1e-7"),
            (1.5e-10, "1.5e-10"),
            (12345.678901234, "1.2345678901234e+4"),
            (4611686018427387904.0, "4611686018427387904"),
            (1e19, "1e+19"),
            (123456789012345680000.0, "123456789012345680000"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(format_f64(value), text);
        }
    }

    proptest! {
        #[test]
        fn printed_doubles_read_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            prop_assert_eq!(parse_f64(format_f64(value).as_bytes()), Some(value));
        }
    }
}
