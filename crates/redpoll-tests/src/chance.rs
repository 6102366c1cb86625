//! Random numbers for tests of histories: the same seed gives the same history again, as far as
//! machines let it.

/// See the module's head. (SplitMix64.)
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Numbers that follow from this seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// Numbers that follow from `REDPOLL_TEST_SEED` or, without it, from the time; the seed is
    /// printed, which a test that fails shows.
    ///
    /// # Panics
    /// If the variable holds no number.
    pub fn of_the_day() -> Chance {
        let wanted = std::env::var("REDPOLL_TEST_SEED").ok();
        let wanted = wanted.map(|text| text.parse().expect("REDPOLL_TEST_SEED is a number"));
        let now = || std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64);
        let seed = wanted.unwrap_or_else(now);
        println!("again with the same numbers: REDPOLL_TEST_SEED={seed}");
        Chance(seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ it >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ it >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ it >> 31
    }

    /// One below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.any() % bound.max(1)
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}
