//! Numbers as C's printf writes them: existing programs read our replies with that in mind.

/// `%f`: six digits after the point.
pub fn six_places(value: f64) -> String {
    special(value).unwrap_or_else(|| format!("{value:.6}"))
}

/// `%g`: six significant digits, without zeros at the end.
pub fn general(value: f64) -> String {
    general_with(value, 6)
}

/// `%.{digits}g`.
pub fn general_with(value: f64, digits: usize) -> String {
    if let Some(special) = special(value) {
        return special;
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".to_owned() } else { "0".to_owned() };
    }
    let digits = digits.max(1);
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let places = (digits as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{value:.places$}")).to_owned()
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        return Some("nan".to_owned());
    }
    let name = if value > 0.0 { "inf" } else { "-inf" };
    value.is_infinite().then(|| name.to_owned())
}

fn trimmed(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_printf() {
        assert_eq!(six_places(1.5), "1.500000");
        assert_eq!(six_places(f64::NEG_INFINITY), "-inf");
        assert_eq!(general(0.5), "0.5");
        assert_eq!(general(100_000.0), "100000");
        assert_eq!(general(1_000_000.0), "1e+06");
        assert_eq!(general(0.000_012_3), "1.23e-05");
        assert_eq!(general(-0.0), "-0");
        assert_eq!(general_with(0.1, 17), "0.10000000000000001");
        assert_eq!(general_with(1234.5678, 12), "1234.5678");
        assert_eq!(general(f64::NAN), "nan");
    }
}
