//! Randomness as an argument.
//!
//! Values never reach for a global generator: commands that pick at random (SPOP, HRANDFIELD,
//! ZRANDMEMBER) hand one in, so that a test or a replayed history repeats itself exactly.
//! [`SmallRng`] is the one implementation the house needs: 8 bytes of state, one multiplication a
//! number. It is not for secrets.

/// A source of random numbers.
pub trait Rng {
    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64;

    /// A number below `n`, uniformly; 0 when `n` is 0.
    ///
    /// Scales the random bits by a wide multiplication and draws again in the few cases that would
    /// make low numbers likelier (Lemire's method), so that it is exact and rarely divides.
    fn below(&mut self, n: u64) -> u64 {
        let mut wide = u128::from(self.next_u64()) * u128::from(n);
        if (wide as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (wide as u64) < threshold {
                wide = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (wide >> 64) as u64
    }
}

/// A small seedable generator (splitmix64): equal seeds give equal sequences.
#[derive(Clone, Debug)]
pub struct SmallRng {
    state: u64,
}

impl SmallRng {
    /// A generator that starts from `seed`. Every seed is a good one.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }
}

impl Rng for SmallRng {
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_repeat() {
        let draw = |seed| {
            let mut rng = SmallRng::new(seed);
            [rng.next_u64(), rng.next_u64(), rng.next_u64()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut rng = SmallRng::new(1);
        let mut seen = [0u32; 7];
        for _ in 0..7_000 {
            seen[rng.below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
        assert_eq!(rng.below(1), 0);
        assert_eq!(rng.below(0), 0);
    }
}
