//! Numbers some of which are far more frequent than others, as keys are in practice: the one of
//! rank k is drawn with a probability in proportion to 1 / k^s.
//!
//! By rejection-inversion: Hörmann and Derflinger, "Rejection-inversion to generate variates from
//! monotone discrete distributions" (1996). A draw takes a few logarithms whatever the range.

use crate::random::Random;

/// A distribution over the numbers below a limit.
#[derive(Clone, Debug)]
pub struct Zipf {
    limit: f64,
    exponent: f64,
    /// The area under the hat, from here
    first: f64,
    /// to here,
    last: f64,
    /// and the distance below which nothing is rejected.
    squeeze: f64,
    /// Ranks are scattered over the numbers: so much apart, and beginning here.
    stride: u64,
    shift: u64,
}

impl Zipf {
    /// Numbers below a limit (at least 1), with an exponent above 0; another shift makes other
    /// numbers the frequent ones.
    pub fn new(limit: u64, exponent: f64, shift: u64) -> Zipf {
        let limit = limit.max(1);
        let mut zipf = Zipf {
            limit: limit as f64,
            exponent,
            first: 0.0,
            last: 0.0,
            squeeze: 0.0,
            stride: stride(limit),
            shift: shift % limit,
        };
        zipf.first = zipf.area(1.5) - 1.0;
        zipf.last = zipf.area(zipf.limit + 0.5);
        zipf.squeeze = 2.0 - zipf.area_inverse(zipf.area(2.5) - zipf.height(2.0));
        zipf
    }

    /// A number.
    pub fn draw(&self, random: &mut Random) -> u64 {
        let limit = self.limit as u64;
        let rank = self.rank(random) - 1;
        let place = u128::from(rank) * u128::from(self.stride) + u128::from(self.shift);
        (place % u128::from(limit)) as u64
    }

    /// A rank, from 1 on.
    fn rank(&self, random: &mut Random) -> u64 {
        loop {
            // 53 bits are what a float holds.
            let even = (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
            let area = self.last + even * (self.first - self.last);
            let at = self.area_inverse(area);
            let rank = at.round().clamp(1.0, self.limit);
            if rank - at <= self.squeeze || area >= self.area(rank + 0.5) - self.height(rank) {
                return rank as u64;
            }
        }
    }

    fn height(&self, at: f64) -> f64 {
        (-self.exponent * at.ln()).exp()
    }

    /// The integral of the height, up to a constant; written so that an exponent of 1 is no special
    /// case.
    fn area(&self, at: f64) -> f64 {
        let log = at.ln();
        let power = (1.0 - self.exponent) * log;
        let ratio = if power.abs() > 1e-8 { power.exp_m1() / power } else { 1.0 + power / 2.0 };
        ratio * log
    }

    fn area_inverse(&self, area: f64) -> f64 {
        let power = (area * (1.0 - self.exponent)).max(-1.0);
        let ratio = if power.abs() > 1e-8 { power.ln_1p() / power } else { 1.0 - power / 2.0 };
        (ratio * area).exp()
    }
}

/// A step by which every number below the limit is reached once.
fn stride(limit: u64) -> u64 {
    /// Primes, so that at most one of them has a factor in common with a limit below their product.
    const PRIMES: [u64; 2] = [2_654_435_761, 40_503_000_047];
    PRIMES.into_iter().find(|prime| !limit.is_multiple_of(*prime)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each number is drawn.
    fn counts(limit: u64, exponent: f64, shift: u64, draws: usize) -> Vec<usize> {
        let (zipf, mut random) = (Zipf::new(limit, exponent, shift), Random::new(1));
        let mut counts = vec![0; limit as usize];
        (0..draws).for_each(|_| counts[zipf.draw(&mut random) as usize] += 1);
        counts
    }

    #[test]
    fn ranks_are_as_frequent_as_they_should_be() {
        for exponent in [0.5, 0.99, 1.0, 1.5] {
            let mut found = counts(1000, exponent, 0, 200_000);
            found.sort_unstable_by(|one, other| other.cmp(one));
            let sum: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-exponent)).sum();
            for rank in [1, 2, 5, 20] {
                let wanted = 200_000.0 * (rank as f64).powf(-exponent) / sum;
                let part = found[rank - 1] as f64 / wanted;
                assert!((0.85..1.15).contains(&part), "{exponent}, rank {rank}: {part}");
            }
        }
    }

    #[test]
    fn all_numbers_are_reached_and_a_shift_moves_the_frequent_ones() {
        let most = |counts: Vec<usize>| {
            let most = counts.iter().max().copied().unwrap_or(0);
            counts.iter().position(|count| *count == most)
        };
        let all = counts(50, 0.5, 0, 50_000);
        assert!(all.iter().all(|count| *count > 0), "{all:?}");
        assert_eq!(most(all), Some(0));
        assert_eq!(most(counts(50, 0.9, 33, 50_000)), Some(33));
    }

    #[test]
    fn small_limits_and_extreme_exponents_stay_in_range() {
        for (limit, exponent) in [(0, 1.0), (1, 1.0), (2, 0.01), (2, 20.0), (1 << 40, 0.99)] {
            let (zipf, mut random) = (Zipf::new(limit, exponent, 7), Random::new(3));
            assert!((0..1000).all(|_| zipf.draw(&mut random) < limit.max(1)), "{limit} {exponent}");
        }
    }
}
