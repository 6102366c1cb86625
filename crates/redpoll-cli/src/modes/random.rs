//! Random numbers for loads and marks: SplitMix64, seeded by the system. Not for secrets.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A generator.
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator with a seed of its own.
    pub fn new() -> Self {
        Self { state: RandomState::new().build_hasher().finish() }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}
