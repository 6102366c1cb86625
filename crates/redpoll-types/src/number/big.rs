//! Just enough arithmetic on integers of any size to read and print a long double exactly.
//!
//! Plain schoolbook methods: the numbers have at most 2^17 bits, and everyday ones two or three
//! limbs, for which nothing is faster.

use std::cmp::Ordering;

/// An unsigned integer of any size: 32-bit limbs, the lowest first, the highest not 0.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Big(Vec<u32>);

impl From<u64> for Big {
    fn from(value: u64) -> Self {
        let mut big = Self(vec![value as u32, (value >> 32) as u32]);
        big.trim();
        big
    }
}

impl Big {
    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    pub(super) fn bit_len(&self) -> i64 {
        self.0.last().map_or(0, |high| self.0.len() as i64 * 32 - i64::from(high.leading_zeros()))
    }

    pub(super) fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    pub(super) fn shift_left(&mut self, bits: u32) {
        if !bits.is_multiple_of(32) {
            self.multiply_add(1 << (bits % 32), 0);
        }
        let limbs = std::iter::repeat_n(0, (bits / 32) as usize);
        self.0.splice(0..0, limbs);
        self.trim();
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for limb in self.0.iter_mut().rev() {
            let low = *limb & 1;
            *limb = (*limb >> 1) | (carry << 31);
            carry = low;
        }
        self.trim();
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_len = self.0.len().cmp(&other.0.len());
        by_len.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Takes away `other`, which is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = 0i64;
        for (at, limb) in self.0.iter_mut().enumerate() {
            let right = other.0.get(at).copied().unwrap_or(0);
            let difference = i64::from(*limb) - i64::from(right) + borrow;
            *limb = difference as u32;
            borrow = difference >> 32;
        }
        self.trim();
    }

    /// The quotient, which the caller knows to be below 2^68, and whether nothing remains.
    ///
    /// Bit by bit: 68 rounds whatever the size, and no estimate of digits to get wrong.
    pub(super) fn divide(mut self, mut divisor: Self) -> (u128, bool) {
        const BITS: u32 = 68;
        divisor.shift_left(BITS - 1);
        let mut quotient = 0u128;
        for _ in 0..BITS {
            quotient <<= 1;
            if self.compare(&divisor).is_ge() {
                self.subtract(&divisor);
                quotient |= 1;
            }
            divisor.halve();
        }
        (quotient, self.0.is_empty())
    }

    pub(super) fn into_decimal(mut self) -> String {
        let mut groups = Vec::new();
        while !self.0.is_empty() {
            let mut rest = 0u64;
            for limb in self.0.iter_mut().rev() {
                rest = (rest << 32) | u64::from(*limb);
                *limb = (rest / 1_000_000_000) as u32;
                rest %= 1_000_000_000;
            }
            self.trim();
            groups.push(rest);
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn powers_of_two_in_decimal() {
        for (power, text) in [
            (0, "1"),
            (30, "1073741824"),
            (100, "1267650600228229401496703205376"),
            (128, "340282366920938463463374607431768211456"),
        ] {
            let mut one = Big::from(1);
            one.shift_left(power);
            assert_eq!(one.bit_len(), i64::from(power) + 1);
            assert_eq!(one.into_decimal(), text);
        }
        assert_eq!(Big::from(0).into_decimal(), "0");
        assert_eq!(Big::from(1_000_000_000_000_000_007).into_decimal(), "1000000000000000007");
    }

    proptest! {
        #[test]
        fn quotients_agree_with_the_machines(
            left in any::<u64>(),
            right in 1u64..,
            factor in any::<u32>(),
        ) {
            let mut numerator = Big::from(left);
            numerator.multiply_add(factor, 7);
            let value = u128::from(left) * u128::from(factor) + 7;
            prop_assume!(value / u128::from(right) < 1 << 68);
            let (quotient, exact) = numerator.divide(Big::from(right));
            prop_assert_eq!(quotient, value / u128::from(right));
            prop_assert_eq!(exact, value % u128::from(right) == 0);
        }
    }
}
