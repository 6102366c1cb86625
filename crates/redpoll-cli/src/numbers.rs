//! Numbers on the command line, read as C reads them: what stands behind the number does not
//! matter, and what is no number is 0. Scripts rely on it.

use std::time::Duration;

/// The integer that a text begins with; too large ones become the largest.
pub fn atoi(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let size = digits
        .fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if negative { -size } else { size }
}

/// A number of seconds, with a fraction; what is none (negative, NaN, endless) counts as 0.
pub fn seconds(text: &[u8]) -> Duration {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let number = (1..=text.len())
        .rev()
        .filter_map(|end| text.get(..end))
        .find_map(|head| head.parse::<f64>().ok())
        .unwrap_or(0.0);
    Duration::try_from_secs_f64(number).unwrap_or(Duration::ZERO)
}

/// A number of seconds that must be one, and nothing else.
pub fn timeout(text: &[u8]) -> Option<Duration> {
    let number = std::str::from_utf8(text).ok()?.trim_start().parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_number_does_not_matter() {
        let cases: [(&str, i64); 6] =
            [("5x", 5), (" -7", -7), ("+3", 3), ("x", 0), ("", 0), ("-", 0)];
        for (text, expected) in cases {
            assert_eq!(atoi(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(atoi(b"99999999999999999999"), i64::MAX);
    }

    #[test]
    fn seconds_are_never_negative() {
        assert_eq!(seconds(b"0.25s"), Duration::from_millis(250));
        assert_eq!(seconds("1\u{e9}".as_bytes()), Duration::from_secs(1));
        for none in ["-1", "nan", "inf", "1e300", "", "x"] {
            assert_eq!(seconds(none.as_bytes()), Duration::ZERO, "{none}");
        }
    }

    #[test]
    fn a_timeout_is_a_number_and_nothing_else() {
        assert_eq!(timeout(b"1.5"), Some(Duration::from_millis(1500)));
        for wrong in ["1s", "-1", "", "nan", "inf"] {
            assert_eq!(timeout(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
