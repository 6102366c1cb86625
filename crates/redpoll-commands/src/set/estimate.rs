//! How many members several sets have together, estimated: HyperLogLog in 16 KiB, whatever their
//! size.
//!
//! Each member's hash chooses one of 2^14 registers and offers it the length of its run of zero
//! bits; the register keeps the longest. The estimator is the improved one of O. Ertl (New
//! cardinality estimation algorithms for HyperLogLog sketches, 2017), which needs neither bias
//! tables nor thresholds. The standard error is 1.04 / √2^14 = 0.81 %.

use redpoll_types::set::Set;
use xxhash_rust::xxh3::xxh3_64;

const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;
/// The longest run and its end: what a register can hold.
const RANK_MAX: usize = 64 - BITS as usize + 1;

/// The estimated number of members of the union.
pub fn union(sets: &[&Set]) -> usize {
    let mut registers = vec![0u8; REGISTERS];
    for member in sets.iter().flat_map(|set| set.iter()) {
        let hash = xxh3_64(member.as_bytes(&mut [0; 21]));
        let register = &mut registers[(hash >> (64 - BITS)) as usize];
        let rank = (hash << BITS | 1 << (BITS - 1)).leading_zeros() as u8 + 1;
        *register = rank.max(*register);
    }
    estimate(&registers).round() as usize
}

fn estimate(registers: &[u8]) -> f64 {
    let mut histogram = [0usize; RANK_MAX + 1];
    registers.iter().for_each(|&rank| histogram[usize::from(rank)] += 1);
    let m = REGISTERS as f64;
    let mut z = m * tau((m - histogram[RANK_MAX] as f64) / m);
    for &count in histogram[1..RANK_MAX].iter().rev() {
        z = 0.5 * (z + count as f64);
    }
    z += m * sigma(histogram[0] as f64 / m);
    m * m / (2.0 * std::f64::consts::LN_2 * z)
}

/// What the registers that are still empty contribute; infinite if all are.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * y;
        y += y;
        if sum == before {
            return sum;
        }
    }
}

/// What the registers that are full contribute.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        y *= 0.5;
        sum -= (1.0 - x).powi(2) * y;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redpoll_types::limits::Limits;

    #[test]
    fn is_about_right() {
        assert_eq!(union(&[]), 0);
        for count in [1usize, 10, 100, 1000, 20_000, 100_000] {
            let (mut one, mut other) = (Set::new(), Set::new());
            for number in 0..count {
                let member = format!("m{number}");
                let set = if number % 3 == 0 { &mut one } else { &mut other };
                set.add(member.as_bytes(), &Limits::default());
            }
            let guess = union(&[&one, &other, &one]);
            let error = (guess as f64 - count as f64).abs() / count as f64;
            assert!(error < 0.03, "{guess} for {count}");
        }
    }
}
