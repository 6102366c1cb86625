//! The text of floating-point numbers in replies.
//!
//! It is that of Redis 7.2: the fewest digits that read back as the same number, plain as long as
//! that takes at most seven zeros, with an exponent otherwise. Nothing is allocated: scores are
//! written by the thousand.

/// Whole numbers up to this one (2^62) are written in full.
const WHOLE_MAX: f64 = (1u64 << 62) as f64;

/// A number's text.
pub(crate) struct DoubleText {
    /// The longest text has 24 digits (17 and seven zeros) or 17 with a sign, a point and an
    /// exponent.
    buffer: [u8; 32],
    len: usize,
}

impl DoubleText {
    /// Formats `value`.
    pub(crate) fn new(value: f64) -> Self {
        let mut text = DoubleText { buffer: [0; 32], len: 0 };
        if value.is_nan() {
            text.push(b"nan");
        } else if value.is_infinite() {
            text.push(if value > 0.0 { b"inf" } else { b"-inf" });
        } else if value == 0.0 && value.is_sign_negative() {
            text.push(b"-0");
        } else if value.abs() <= WHOLE_MAX && value.trunc() == value {
            text.push(itoa::Buffer::new().format(value as i64).as_bytes());
        } else {
            if value < 0.0 {
                text.push(b"-");
            }
            text.push_finite(value.abs());
        }
        text
    }

    /// The text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.buffer[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn push_zeros(&mut self, count: usize) {
        self.push(&b"00000000"[..count]);
    }

    /// Lays out a positive number: `1230`, `1.23`, `0.00123` or `1.23e+45`.
    fn push_finite(&mut self, value: f64) {
        let (digits, count, last_power) = shortest_digits(value);
        let digits = &digits[..count];
        let first_power = last_power + count as i32 - 1;
        if (0..=7).contains(&last_power) {
            self.push(digits);
            self.push_zeros(last_power as usize);
        } else if last_power < 0 && (last_power > -7 || first_power.abs() < 4) {
            match usize::try_from(first_power + 1) {
                Ok(whole @ 1..) => {
                    self.push(&digits[..whole]);
                    self.push(b".");
                    self.push(&digits[whole..]);
                }
                _ => {
                    self.push(b"0.");
                    self.push_zeros((-first_power - 1) as usize);
                    self.push(digits);
                }
            }
        } else {
            self.push(&digits[..1]);
            if count > 1 {
                self.push(b".");
                self.push(&digits[1..]);
            }
            self.push(if first_power < 0 { b"e-" } else { b"e+" });
            self.push(itoa::Buffer::new().format(first_power.abs()).as_bytes());
        }
    }
}

/// The shortest digits of a positive number, how many they are, and the power of ten of the last
/// one.
fn shortest_digits(value: f64) -> ([u8; 17], usize, i32) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mut last_power: i32 = exponent.parse().unwrap_or(0);
    let (mut digits, mut count) = ([0; 17], 0);
    let mut behind_point = false;
    for &byte in mantissa.as_bytes() {
        if byte == b'.' {
            behind_point = true;
            continue;
        }
        last_power -= i32::from(behind_point);
        match digits.get_mut(count) {
            // Zeros in front are no digits.
            Some(_) if count == 0 && byte == b'0' => {}
            Some(digit) => {
                *digit = byte;
                count += 1;
            }
            // There are never more than 17 digits; what may follow are zeros.
            None => last_power += 1,
        }
    }
    while count > 1 && digits[count - 1] == b'0' {
        count -= 1;
        last_power += 1;
    }
    (digits, count, last_power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: f64) -> String {
        String::from_utf8(DoubleText::new(value).as_bytes().to_vec()).expect("digits")
    }

    #[test]
    fn reads_as_in_redis() {
        for (value, expected) in [
            (3.0, "3"),
            (0.0, "0"),
            (-0.0, "-0"),
            (3.1, "3.1"),
            (-0.1, "-0.1"),
            (0.0001, "0.0001"),
            (0.00001, "0.00001"),
            (0.000001, "0.000001"),
            (0.0000001, "1e-7"),
            (0.00012345678, "1.2345678e-4"),
            (0.0012345678, "0.0012345678"),
            (1.5e-7, "1.5e-7"),
            (1e16, "10000000000000000"),
            (4611686018427387904.0, "4611686018427387904"),
            (-9223372036854775808.0, "-9223372036854776000"),
            (1e19, "1e+19"),
            (1.25e20, "1.25e+20"),
            (123456789012345678901.0, "123456789012345680000"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (123456.789, "123456.789"),
            (17179869184.5, "17179869184.5"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    proptest! {
        #[test]
        fn reads_back(bits in any::<u64>(), short in -1e9..1e9f64) {
            let any = f64::from_bits(bits);
            for value in [any, short, (short * 1000.0).trunc() / 1000.0, 1.0 / short] {
                if !value.is_nan() {
                    prop_assert_eq!(text(value).parse::<f64>(), Ok(value));
                }
            }
        }
    }
}
