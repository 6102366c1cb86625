//! Numbers as text: the form of C's `%.Ng`, and the shortest form that reads back.

/// The text of a finite number with at most `precision` significant digits, without trailing zeros,
/// and with an exponent if that is shorter by C's rule.
pub(crate) fn general(value: f64, precision: usize) -> String {
    if value.is_nan() {
        return if value.is_sign_negative() { "-nan".into() } else { "nan".into() };
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let precision = precision.max(1);
    let scientific = format!("{:.*e}", precision - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= precision as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

/// Writes a number as [`general`] does if it is an integer of at most `precision` digits, 14 at
/// most; false otherwise.
pub(crate) fn write_integer(value: f64, precision: i64, out: &mut Vec<u8>) -> bool {
    let integer = value as i64;
    // Minus zero has a sign to be written.
    let same = (integer as f64).to_bits() == value.to_bits();
    let digits = u32::try_from(precision.min(14)).unwrap_or(0);
    let short = same && integer.unsigned_abs() < 10u64.pow(digits);
    if short {
        out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
    }
    short
}

/// A decimal text without the zeros at its end.
fn trimmed(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{general, write_integer};

    #[test]
    fn as_c_writes_it() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (2.0 / 3.0, "0.66666666666667"),
            (1e13, "10000000000000"),
            (1e14, "1e+14"),
            (123456789012345.0, "1.2345678901234e+14"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e100, "1e+100"),
            (0.1 + 0.2, "0.3"),
        ] {
            assert_eq!(general(value, 14), text, "{value}");
        }
        assert_eq!(general(9.99, 2), "10");
    }

    #[test]
    fn integers_are_written_alike() {
        for precision in [1, 2, 14] {
            for value in [0.0, -0.0, 1.0, -7.0, 9.0, 10.0, 99.0, 1e13, 1e14, -1e15, 0.5, f64::MAX] {
                let mut out = Vec::new();
                if write_integer(value, precision, &mut out) {
                    let text = general(value, precision as usize);
                    assert_eq!(String::from_utf8_lossy(&out), text, "{value} {precision}");
                }
            }
        }
        assert!(!write_integer(-0.0, 14, &mut Vec::new()));
        assert!(write_integer(99_999_999_999_999.0, 14, &mut Vec::new()));
    }
}
