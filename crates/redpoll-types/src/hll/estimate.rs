//! From registers to a count.
//!
//! The estimator is the improved one of Otmar Ertl, "New cardinality estimation algorithms for
//! HyperLogLog sketches" (2017, arXiv:1702.01284), which needs no corrections for small counts. The
//! operations are in Redis's order, so that the results are equal to the last digit.

use super::REGISTERS;

/// The highest value of a register in a valid string.
const VALUE_MAX: usize = 51;
/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// The count that a number of registers of each value stands for.
pub(super) fn cardinality(histogram: &[u32; 64]) -> u64 {
    let all = REGISTERS as f64;
    let mut sum = all * tau((all - f64::from(histogram[VALUE_MAX])) / all);
    for value in (1..VALUE_MAX).rev() {
        sum += f64::from(histogram[value]);
        sum *= 0.5;
    }
    sum += all * sigma(f64::from(histogram[0]) / all);
    (ALPHA * all * all / sum).round() as u64
}

/// Ertl's function for registers that are 0.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut factor, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * factor;
        factor += factor;
        if sum == before {
            return sum;
        }
    }
}

/// Ertl's function for registers at their highest value.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut factor, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}
