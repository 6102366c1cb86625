//! The 80-bit float of INCRBYFLOAT and HINCRBYFLOAT, in integer arithmetic.
//!
//! Redis computes these commands in C's `long double`, on x86 a float with a 64-bit mantissa and a
//! 15-bit exponent. With doubles 0.1 + 0.2 would print as 0.30000000000000004, with decimal
//! arithmetic 1e18 + 0.001 would keep digits that Redis loses. So this file does what the hardware
//! does: read with correct rounding, add with round-to-nearest-even, print 17 decimals rounded from
//! the exact value. Every bit agrees with x86's, whatever machine this runs on.
//!
//! A finite number is `mantissa * 2^exponent` with the mantissa's top bit set. Reading and printing
//! need big integers only outside the range of everyday numbers; the longest has 2^17 bits, as the
//! text of a number is bounded by [`TEXT_MAX`] and its exponent is checked before it is used.

use std::cmp::Ordering;
use std::fmt;

use super::big::Big;

/// Longest text of a number in bytes, as in Redis.
const TEXT_MAX: usize = 5 * 1024 - 1;
/// Exponent of the lowest bit of the smallest number (a subnormal one).
const LOWEST_BIT: i32 = -16445;
/// Exponent of the highest bit of the largest number.
const HIGHEST_BIT: i32 = 16383;
/// Decimals printed before trailing zeros go.
const DECIMALS: u32 = 17;

/// A number as INCRBYFLOAT computes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    magnitude: Magnitude,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Magnitude {
    Zero,
    /// `mantissa * 2^exponent`, the mantissa's bit 63 is set.
    Finite {
        mantissa: u64,
        exponent: i32,
    },
    Infinite,
    NotANumber,
}

impl LongDouble {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, magnitude: Magnitude::Zero };

    /// Reads a number, or `None` where Redis says "value is not a valid float": spaces, trailing
    /// bytes, `nan`, a number too large or too small for the format, 5 KiB of text or more.
    /// Infinities are accepted; callers refuse them by [`LongDouble::is_finite`].
    ///
    /// O(n) in the text for everyday numbers, bounded work for any.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > TEXT_MAX {
            return None;
        }
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
            return Some(Self { negative, magnitude: Magnitude::Infinite });
        }
        let magnitude = Decimal::parse(rest)?.to_binary()?;
        Some(Self { negative, magnitude })
    }

    /// Whether this is neither an infinity nor what comes of adding two opposite ones.
    pub fn is_finite(self) -> bool {
        matches!(self.magnitude, Magnitude::Zero | Magnitude::Finite { .. })
    }

    /// The largest finite number.
    pub const MAX: Self = Self {
        negative: false,
        magnitude: Magnitude::Finite { mantissa: u64::MAX, exponent: HIGHEST_BIT - 63 },
    };

    /// Which of two numbers is the greater; -0 is 0, and neither is NaN.
    pub fn compare(self, other: Self) -> Ordering {
        let sign = |number: Self| match number.magnitude {
            Magnitude::Zero => 0,
            _ if number.negative => -1,
            _ => 1,
        };
        let size = |number: Self| match number.magnitude {
            Magnitude::Zero => (0, 0, 0),
            Magnitude::Finite { mantissa, exponent } => (1, exponent, mantissa),
            Magnitude::Infinite | Magnitude::NotANumber => (2, 0, 0),
        };
        let by_size = || size(self).cmp(&size(other));
        sign(self).cmp(&sign(other)).then_with(|| match self.negative {
            true => by_size().reverse(),
            false => by_size(),
        })
    }

    /// Adds as the hardware does: the exact sum, rounded once to 64 bits, ties to even.
    fn plus(self, other: Self) -> Self {
        let (large, small) = match (self.magnitude, other.magnitude) {
            (Magnitude::NotANumber, _) | (_, Magnitude::NotANumber) => return Self::NAN,
            (Magnitude::Infinite, Magnitude::Infinite) if self.negative != other.negative => {
                return Self::NAN;
            }
            (Magnitude::Infinite, _) => return self,
            (_, Magnitude::Infinite) => return other,
            (Magnitude::Zero, Magnitude::Zero) => {
                return Self { negative: self.negative && other.negative, ..Self::ZERO };
            }
            (_, Magnitude::Zero) => return self,
            (Magnitude::Zero, _) => return other,
            (
                Magnitude::Finite { mantissa: left, exponent: left_exponent },
                Magnitude::Finite { mantissa: right, exponent: right_exponent },
            ) => {
                let left = (left_exponent, left, self.negative);
                let right = (right_exponent, right, other.negative);
                if (left.0, left.1) >= (right.0, right.1) { (left, right) } else { (right, left) }
            }
        };
        Self::add_aligned(large, small)
    }

    const NAN: Self = Self { negative: false, magnitude: Magnitude::NotANumber };

    /// Adds `(exponent, mantissa, negative)` triples, the first of the larger magnitude.
    ///
    /// Both mantissas move up by 62 bits, so that a shift of the smaller by as much is exact. A
    /// longer shift leaves a sticky lowest bit: then at most one leading bit cancels, and the
    /// sticky bit stays far below the rounding position.
    fn add_aligned(large: (i32, u64, bool), small: (i32, u64, bool)) -> Self {
        const HEADROOM: i32 = 62;
        let high = u128::from(large.1) << HEADROOM;
        let mut low = u128::from(small.1) << HEADROOM;
        let shift = large.0.abs_diff(small.0);
        if shift > 126 {
            low = 1;
        } else {
            let lost = low & ((1u128 << shift) - 1) != 0;
            low = (low >> shift) | u128::from(lost);
        }
        let sum = if large.2 == small.2 { high + low } else { high - low };
        if sum == 0 {
            return Self::ZERO;
        }
        Self { negative: large.2, magnitude: round(sum, large.0 - HEADROOM, false) }
    }
}

impl std::ops::Add for LongDouble {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
}

impl std::ops::Neg for LongDouble {
    type Output = Self;

    fn neg(self) -> Self {
        Self { negative: !self.negative, ..self }
    }
}

impl From<i64> for LongDouble {
    fn from(value: i64) -> Self {
        if value == 0 {
            return Self::ZERO;
        }
        let magnitude = round(u128::from(value.unsigned_abs()), 0, false);
        Self { negative: value < 0, magnitude }
    }
}

/// The text INCRBYFLOAT stores and replies: 17 decimals without their trailing zeros, never an
/// exponent, never `-0`.
impl fmt::Display for LongDouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.magnitude {
            Magnitude::NotANumber => return out.write_str("nan"),
            Magnitude::Infinite => "inf".to_owned(),
            Magnitude::Zero => "0".to_owned(),
            Magnitude::Finite { mantissa, exponent } if exponent >= 0 => {
                let mut whole = Big::from(mantissa);
                whole.shift_left(exponent.unsigned_abs());
                whole.into_decimal()
            }
            Magnitude::Finite { mantissa, exponent } => {
                with_fraction(mantissa, exponent.unsigned_abs())
            }
        };
        if self.negative && digits != "0" {
            out.write_str("-")?;
        }
        out.write_str(&digits)
    }
}

/// Prints `mantissa / 2^shift` with 17 decimals rounded to nearest even, trailing zeros cut.
fn with_fraction(mantissa: u64, shift: u32) -> String {
    const SCALE: u128 = 10u128.pow(DECIMALS);
    // Below 2^121: 64 bits of mantissa and 57 of scale.
    let scaled = u128::from(mantissa) * SCALE;
    // Shifted by 122 or more it is less than one half, that is 0.
    let rounded = if shift >= 122 {
        0
    } else {
        let (kept, rest) = (scaled >> shift, scaled & ((1u128 << shift) - 1));
        let half = 1u128 << (shift - 1);
        kept + u128::from(rest > half || (rest == half && kept & 1 == 1))
    };
    let (whole, fraction) = (rounded / SCALE, rounded % SCALE);
    if fraction == 0 {
        return whole.to_string();
    }
    let mut text = format!("{}.{:017}", whole, fraction as u64);
    text.truncate(text.trim_end_matches('0').len());
    text
}

/// Rounds `(value + a bit if sticky) * 2^exponent` to the format; `value` is not 0.
fn round(value: u128, exponent: i32, sticky: bool) -> Magnitude {
    let bits = 128 - value.leading_zeros() as i32;
    let drop = (bits - 64).max(LOWEST_BIT - exponent).max(0);
    if drop > 128 {
        return Magnitude::Zero;
    }
    let kept = value.checked_shr(drop as u32).unwrap_or(0);
    let rest = value - kept.checked_shl(drop as u32).unwrap_or(0);
    let half = if drop == 0 { 0 } else { 1u128 << (drop - 1) };
    let up = drop > 0 && (rest > half || (rest == half && (sticky || kept & 1 == 1)));
    let kept = kept + u128::from(up);
    if kept == 0 {
        return Magnitude::Zero;
    }
    // At most 2^64 here, a power of two in that case: normalising loses nothing.
    let top = 127 - kept.leading_zeros() as i32;
    let exponent = exponent + drop + top - 63;
    if exponent + 63 > HIGHEST_BIT {
        return Magnitude::Infinite;
    }
    let mantissa = if top > 63 { kept >> (top - 63) } else { kept << (63 - top) } as u64;
    Magnitude::Finite { mantissa, exponent }
}

/// A decimal number as read: `0.d1d2d3… * 10^point`, first and last digit not 0.
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Reads `digits[.digits][e[sign]digits]` with at least one digit before the `e`.
    fn parse(text: &[u8]) -> Option<Self> {
        let exponent_at = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = match exponent_at {
            Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let point_at = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
        let (whole, fraction) = mantissa.split_at(point_at);
        let fraction = fraction.strip_prefix(b".").unwrap_or(fraction);
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut digits = Vec::with_capacity(whole.len() + fraction.len());
        for &byte in whole.iter().chain(fraction) {
            if !byte.is_ascii_digit() {
                return None;
            }
            digits.push(byte - b'0');
        }
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Some(Self { digits, point: whole.len() as i64 - zeros as i64 + exponent })
    }

    /// The nearest number of the format; `None` when it is too large or rounds to 0.
    fn to_binary(&self) -> Option<Magnitude> {
        if self.digits.is_empty() {
            return Some(Magnitude::Zero);
        }
        // The largest number is 1.2e4932, the smallest 3.6e-4951: far outside needs no arithmetic,
        // which also bounds the powers of ten below.
        if self.point > 4940 || self.point < -4960 {
            return None;
        }
        self.everyday().or_else(|| self.divided())
    }

    /// [`Decimal::to_binary`] in machine words, for numbers of up to 19 digits whose power of ten
    /// is as small; `None` for all others.
    fn everyday(&self) -> Option<Magnitude> {
        const WORD_DIGITS: u64 = 19;
        let power = self.point - self.digits.len() as i64;
        if self.digits.len() as u64 > WORD_DIGITS || power.unsigned_abs() > WORD_DIGITS {
            return None;
        }
        let value = self.digits.iter().fold(0u64, |value, &digit| value * 10 + u64::from(digit));
        let ten = 10u64.pow(power.unsigned_abs() as u32);
        if power >= 0 {
            return Some(round(u128::from(value) * u128::from(ten), 0, false));
        }
        // The first division leaves 64 bits or more, the second adds those that decide rounding.
        const MORE: u32 = 16;
        let ten = u128::from(ten);
        let shift = u128::from(value).leading_zeros();
        let (high, rest) = ((u128::from(value) << shift) / ten, (u128::from(value) << shift) % ten);
        if high.leading_zeros() < MORE {
            return Some(round(high, -(shift as i32), rest != 0));
        }
        let (low, rest) = ((rest << MORE) / ten, (rest << MORE) % ten);
        Some(round((high << MORE) | low, -((shift + MORE) as i32), rest != 0))
    }

    /// [`Decimal::to_binary`] by division of integers of any size.
    fn divided(&self) -> Option<Magnitude> {
        let mut numerator = Big::from(0);
        for &digit in &self.digits {
            numerator.multiply_add(10, u32::from(digit));
        }
        let mut denominator = Big::from(1);
        let power = self.point - self.digits.len() as i64;
        let scaled = if power >= 0 { &mut numerator } else { &mut denominator };
        for _ in 0..power.unsigned_abs() {
            scaled.multiply_add(10, 0);
        }
        // A quotient of 66 or 67 bits: 64 for the mantissa, the others and the remainder to round.
        let shift = 66 - (numerator.bit_len() - denominator.bit_len());
        let shifted = if shift >= 0 { &mut numerator } else { &mut denominator };
        shifted.shift_left(shift.unsigned_abs() as u32);
        let (quotient, exact) = numerator.divide(denominator);
        match round(quotient, -(shift as i32), !exact) {
            Magnitude::Finite { mantissa, exponent } => {
                Some(Magnitude::Finite { mantissa, exponent })
            }
            _ => None,
        }
    }
}

/// Reads the exponent's digits; what is beyond any sense is cut to a large number.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exponent = digits
        .iter()
        .fold(0i64, |exponent, &digit| (exponent * 10 + i64::from(digit - b'0')).min(1_000_000));
    Some(if negative { -exponent } else { exponent })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(left: &str, right: &str) -> String {
        let left = LongDouble::parse(left.as_bytes()).expect("a number");
        let right = LongDouble::parse(right.as_bytes()).expect("a number");
        (left + right).to_string()
    }

    #[test]
    fn numbers_have_an_order() {
        let ascending = ["-inf", "-2.5", "-2", "-1e-30", "0", "1e-30", "1", "1.5", "2", "inf"];
        let parse = |text: &str| LongDouble::parse(text.as_bytes()).expect("a number");
        for (left, text) in ascending.iter().enumerate() {
            for (right, other) in ascending.iter().enumerate() {
                assert_eq!(parse(text).compare(parse(other)), left.cmp(&right), "{text} {other}");
            }
        }
        assert_eq!(parse("-0").compare(parse("0")), Ordering::Equal);
        assert_eq!(parse("1e4932").compare(LongDouble::MAX), Ordering::Less);
        assert!(!(LongDouble::MAX + LongDouble::MAX).is_finite());
    }

    #[test]
    fn sums_print_as_redis_prints_them() {
        for (left, right, text) in [
            ("0.1", "0.2", "0.3"),
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("3.0e3", "1", "3001"),
            ("3", "-3", "0"),
            ("-1e-30", "0", "0"),
            ("1", "-1.5", "-0.5"),
            ("1e18", "0.001", "1000000000000000000"),
            ("9223372036854775807", "1", "9223372036854775808"),
            ("18446744073709551616", "1", "18446744073709551616"),
            ("1e20", "1", "100000000000000000000"),
            ("0.00000000000000001", "0", "0.00000000000000001"),
            ("0.000000000000000004", "0", "0"),
            ("1.123456789012345678901", "0", "1.12345678901234568"),
            ("inf", "1", "inf"),
            ("inf", "-inf", "nan"),
        ] {
            assert_eq!(sum(left, right), text, "{left} + {right}");
        }
    }

    proptest! {
        #[test]
        fn words_read_what_big_integers_read(
            value in 0..10_000_000_000_000_000_000u64, cut in 0..19u32, power in -19..=19i64,
        ) {
            let digits = format!("{}e{power}", value / 10u64.pow(cut));
            let decimal = Decimal::parse(digits.as_bytes()).expect("a number");
            if !decimal.digits.is_empty() && let Some(words) = decimal.everyday() {
                prop_assert_eq!(Some(words), decimal.divided());
            }
        }
    }

    #[test]
    fn a_tenth_ten_times() {
        let tenth = LongDouble::parse(b"0.1").expect("a number");
        let mut text = "0".to_owned();
        for _ in 0..10 {
            text = (LongDouble::parse(text.as_bytes()).expect("a number") + tenth).to_string();
        }
        assert_eq!(text, "1");
    }

    #[test]
    fn refuses_what_redis_refuses() {
        for text in [
            "",
            " 1",
            "1 ",
            "nan",
            "+nan",
            ".",
            "e5",
            "1e",
            "1e+",
            "--1",
            "1.2.3",
            "1e5000",
            "-1e5000",
            "1e-5000",
            "1e999999999999999999999",
            "1e-999999999999999999999",
            "abc",
            "1\0",
            "infinit",
            "2e4932",
        ] {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(LongDouble::parse(&[b'1'; 5120]), None);
        assert_eq!(LongDouble::parse(b"0e999999999999"), Some(LongDouble::ZERO));
        assert_eq!(LongDouble::parse(&[b'0'; 5119]), Some(LongDouble::ZERO));
        assert!(LongDouble::parse(b"4e-4951").is_some_and(LongDouble::is_finite));
        assert!(!LongDouble::parse(b"-Infinity").expect("a number").is_finite());
    }

    #[test]
    fn the_largest_number_overflows_to_infinity() {
        let largest = LongDouble::parse(b"1.18973149535723176502e+4932").expect("a number");
        assert!(largest.is_finite());
        assert_eq!(largest.to_string().len(), 4933);
        assert!(!(largest + largest).is_finite());
    }

    #[test]
    fn integers_are_exact() {
        for value in [0, 1, -1, i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1] {
            assert_eq!(LongDouble::from(value).to_string(), value.to_string());
            let text = value.to_string();
            assert_eq!(LongDouble::parse(text.as_bytes()), Some(LongDouble::from(value)));
        }
    }

    proptest! {
        /// Whatever fits 64 bits of mantissa is added exactly.
        #[test]
        fn sums_of_integers_are_exact(left in any::<i64>(), right in any::<i64>()) {
            let exact = i128::from(left) + i128::from(right);
            prop_assume!(exact.unsigned_abs() < 1 << 64);
            let sum = LongDouble::from(left) + LongDouble::from(right);
            prop_assert_eq!(sum.to_string(), exact.to_string());
        }

        /// Small money stays money: below 10, 64 bits hold the 17 decimals that are printed.
        #[test]
        fn small_decimals_print_as_typed(whole in 0u32..10, cents in 0u32..100) {
            let text = format!("{whole}.{cents:02}");
            let typed = text.trim_end_matches('0').trim_end_matches('.');
            let number = LongDouble::parse(text.as_bytes()).expect("a number");
            prop_assert_eq!(number.to_string(), typed);
        }

        #[test]
        fn any_bytes_are_read_without_panic(
            text in prop_oneof![
                "[-+]?[0-9]{0,40}[.]?[0-9]{0,40}(e[-+]?[0-9]{1,5})?".prop_map(String::into_bytes),
                proptest::collection::vec(any::<u8>(), 0..40),
            ],
        ) {
            if let Some(number) = LongDouble::parse(&text) {
                let printed = (number + number).to_string();
                prop_assert!(LongDouble::parse(printed.as_bytes()).is_some() || printed == "nan");
            }
        }
    }
}
