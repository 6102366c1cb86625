//! Where the threshold has to lie for a wanted ratio of DRAM to far memory.
//!
//! MemKeyDB moved its threshold up or down by a few percent a period. It crawled when far from the
//! goal, froze at a bound that it would have overstepped, and could only ever place all or nothing
//! of values of one size. This controller knows what sizes have lately been asked for, and so
//! *computes* the threshold: which share of the coming bytes has to go far for the ratio to be
//! right a few periods from now, and above which size just that share lies. The size class on the
//! edge is split by a fraction, so that values of one size reach any ratio as well.
//!
//! Pure: a reading goes in, a rule comes out. Time is counted in periods.

use super::placement::{CLASS_COUNT, Rule, class_floor, class_of};

/// Number of size classes in a reading.
pub const CLASSES: usize = CLASS_COUNT;

/// Periods within which an error is to be made good: few enough to be quick, enough not to answer
/// to noise.
const HORIZON: f64 = 5.0;
/// The weight of the newest period in what is expected of the next ones.
const NEWEST: f64 = 0.3;
/// Bytes a period below which a period tells nothing.
const SILENCE: f64 = 1024.0;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Parts in DRAM and in far memory (`dram-pmem-ratio`); neither is zero.
    pub ratio: (u32, u32),
    /// The smallest threshold (`dynamic-threshold-min`).
    pub min: usize,
    /// The largest threshold (`dynamic-threshold-max`), at least `min`.
    pub max: usize,
}

impl Target {
    /// The part of all memory that is to be far, between 0 and 1.
    pub fn far_share(&self) -> f64 {
        let (dram, far) = (f64::from(self.ratio.0), f64::from(self.ratio.1));
        far / (dram + far)
    }
}

/// What has been measured at the end of a period.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Bytes in use in DRAM, everything included.
    pub dram: u64,
    /// Bytes in use in far memory.
    pub far: u64,
    /// Bytes asked for since the start in each class of sizes, by what may go far.
    pub sizes: &'a [u64; CLASSES],
}

/// The moving threshold of the policies `ratio` and `tiered`.
#[derive(Clone, Debug)]
pub struct Controller {
    target: Target,
    rule: Rule,
    /// The last reading's sizes and total, to take differences.
    sizes: [u64; CLASSES],
    total: Option<f64>,
    /// Bytes a period that are expected to be asked for, by class, and to be freed.
    inflow: [f64; CLASSES],
    outflow: f64,
}

impl Controller {
    /// A controller that starts with a threshold, which is moved within the target's bounds.
    pub fn new(target: Target, initial: usize) -> Self {
        Self {
            target,
            rule: Rule::at(initial.clamp(target.min, target.max)),
            sizes: [0; CLASSES],
            total: None,
            inflow: [0.0; CLASSES],
            outflow: 0.0,
        }
    }

    /// Changes what is wanted; what has been learnt of the sizes is kept.
    pub fn aim(&mut self, target: Target) {
        self.target = target;
    }

    /// The rule for the next period. O(classes).
    pub fn tick(&mut self, reading: Reading<'_>) -> Rule {
        let total = reading.dram as f64 + reading.far as f64;
        let asked: [f64; CLASSES] = std::array::from_fn(|class| {
            reading.sizes[class].saturating_sub(self.sizes[class]) as f64
        });
        self.sizes = *reading.sizes;
        let Some(before) = self.total.replace(total) else {
            self.inflow = asked;
            return self.rule;
        };
        let sum: f64 = asked.iter().sum();
        if sum < SILENCE {
            return self.rule;
        }
        for (expected, asked) in self.inflow.iter_mut().zip(asked) {
            *expected += NEWEST * (asked - *expected);
        }
        let freed = (sum - (total - before)).max(0.0);
        self.outflow += NEWEST * (freed - self.outflow);
        self.rule = self.edge(self.wanted_share(total, reading.far as f64));
        self.rule
    }

    /// The share of the coming bytes that have to go far for the ratio to be right after the
    /// horizon, given that frees take from both tiers as they are filled now.
    fn wanted_share(&self, total: f64, far: f64) -> f64 {
        let inflow: f64 = self.inflow.iter().sum();
        let share = if total > 0.0 { far / total } else { 0.0 };
        let then = (total + HORIZON * (inflow - self.outflow)).max(0.0);
        let missing = self.target.far_share() * then - far;
        ((missing / HORIZON + share * self.outflow) / inflow).clamp(0.0, 1.0)
    }

    /// The rule above whose edge that share of the expected bytes lies: classes are taken from the
    /// largest down, and the last one in part.
    fn edge(&self, share: f64) -> Rule {
        let Target { min, max, .. } = self.target;
        let wanted = share * self.inflow.iter().sum::<f64>();
        let mut taken: f64 = self.inflow[class_of(max)..].iter().sum();
        for class in (class_of(min)..class_of(max)).rev() {
            let here = self.inflow[class];
            if taken + here >= wanted && here > 0.0 {
                let part = ((wanted - taken) / here).clamp(0.0, 1.0);
                let (low, high) = (class_floor(class).max(min), class_floor(class + 1).min(max));
                return Rule { low, high, share: part };
            }
            taken += here;
        }
        Rule::at(if taken < wanted { min } else { max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that allocates by the rule of a controller, period by period.
    struct Store {
        controller: Controller,
        rule: Rule,
        sizes: [u64; CLASSES],
        blocks: Vec<(usize, bool)>,
        dram: u64,
        far: u64,
        random: u64,
        carried: f64,
    }

    impl Store {
        fn new(ratio: (u32, u32)) -> Self {
            let target = Target { ratio, min: 24, max: 10_000 };
            Self {
                controller: Controller::new(target, 64),
                rule: Rule::at(64),
                sizes: [0; CLASSES],
                blocks: Vec::new(),
                dram: 0,
                far: 0,
                random: 42,
                carried: 0.0,
            }
        }

        fn random(&mut self, below: usize) -> usize {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.random >> 33) as usize % below.max(1)
        }

        fn place(&mut self, size: usize) -> bool {
            self.sizes[class_of(size)] += size as u64;
            if size < self.rule.low || size >= self.rule.high {
                return size >= self.rule.high;
            }
            self.carried += self.rule.share;
            let far = self.carried >= 1.0;
            self.carried -= f64::from(u8::from(far));
            far
        }

        fn count(&mut self, size: usize, far: bool, added: bool) {
            let tier = if far { &mut self.far } else { &mut self.dram };
            *tier = if added { *tier + size as u64 } else { *tier - size as u64 };
        }

        fn add(&mut self, size: usize) {
            let far = self.place(size);
            self.count(size, far, true);
            self.blocks.push((size, far));
        }

        fn replace(&mut self, at: usize, size: usize) {
            let (old, was_far) = self.blocks[at];
            self.count(old, was_far, false);
            let far = self.place(size);
            self.count(size, far, true);
            self.blocks[at] = (size, far);
        }

        fn remove(&mut self) {
            let at = self.random(self.blocks.len());
            if at < self.blocks.len() {
                let (size, far) = self.blocks.swap_remove(at);
                self.count(size, far, false);
            }
        }

        fn period(&mut self) {
            let reading = Reading { dram: self.dram, far: self.far, sizes: &self.sizes };
            self.rule = self.controller.tick(reading);
            let Target { min, max, .. } = self.controller.target;
            assert!((min..=max).contains(&self.rule.low), "{:?}", self.rule);
            assert!(self.rule.low <= self.rule.high && self.rule.high <= max, "{:?}", self.rule);
        }

        fn share(&self) -> f64 {
            self.far as f64 / (self.far + self.dram) as f64
        }

        fn assert_near(&self, what: &str) {
            let (is, wanted) = (self.share(), self.controller.target.far_share());
            assert!((is - wanted).abs() < 0.02, "{what}: {is:.3}, wanted {wanted:.3}");
        }
    }

    #[test]
    fn a_growing_store_reaches_every_ratio_with_many_sizes() {
        for ratio in [(1, 3), (1, 1), (3, 1), (1, 9)] {
            let mut store = Store::new(ratio);
            for _ in 0..100 {
                for _ in 0..500 {
                    let size = 30 + store.random(3000);
                    store.add(size);
                }
                store.period();
            }
            store.assert_near(&format!("{ratio:?}"));
        }
    }

    #[test]
    fn values_of_one_size_reach_the_ratio_and_stay_there() {
        let mut store = Store::new((1, 3));
        for period in 0..200 {
            for _ in 0..200 {
                store.add(1000);
            }
            store.period();
            if period > 30 {
                store.assert_near("one size");
            }
        }
    }

    #[test]
    fn two_sizes_reach_a_ratio_that_lies_between_them() {
        let mut store = Store::new((1, 1));
        for _ in 0..100 {
            for _ in 0..200 {
                store.add(48);
                store.add(4000);
            }
            store.period();
        }
        store.assert_near("bimodal");
    }

    #[test]
    fn overwriting_moves_the_ratio_to_a_new_goal() {
        let mut store = Store::new((3, 1));
        for _ in 0..50 {
            (0..400).for_each(|_| store.add(500));
            store.period();
        }
        store.controller.aim(Target { ratio: (1, 3), ..store.controller.target });
        for _ in 0..300 {
            for _ in 0..400 {
                let at = store.random(store.blocks.len());
                store.replace(at, 500);
            }
            store.period();
        }
        store.assert_near("a new goal");
    }

    #[test]
    fn lists_that_grow_in_place_do_not_fill_the_near_tier() {
        let mut store = Store::new((1, 4));
        (0..2000).for_each(|_| store.add(32));
        for _ in 0..150 {
            for at in 0..2000 {
                let size = store.blocks[at].0 + 16;
                store.replace(at, size);
            }
            store.period();
        }
        store.assert_near("growing in place");
    }

    #[test]
    fn a_shrinking_store_keeps_its_ratio() {
        let mut store = Store::new((1, 3));
        for _ in 0..60 {
            for _ in 0..1000 {
                let size = 100 + store.random(2000);
                store.add(size);
            }
            store.period();
        }
        for _ in 0..100 {
            (0..500).for_each(|_| store.remove());
            for _ in 0..100 {
                let size = 100 + store.random(2000);
                store.add(size);
            }
            store.period();
        }
        store.assert_near("shrinking");
    }

    #[test]
    fn what_cannot_be_reached_rests_at_the_bound_and_leaves_it_again() {
        let mut store = Store::new((1, 3));
        for _ in 0..50 {
            (0..500).for_each(|_| store.add(16));
            store.period();
        }
        assert_eq!((store.far, store.rule.low), (0, 24), "below the smallest threshold");
        for _ in 0..100 {
            (0..500).for_each(|_| store.add(1000));
            store.period();
        }
        store.assert_near("after the bound");
    }

    #[test]
    fn silence_and_absurd_readings_change_nothing_and_divide_by_nothing() {
        let mut store = Store::new((1, 3));
        store.period();
        store.period();
        assert_eq!(store.rule, Rule::at(64));
        let sizes = [u64::MAX; CLASSES];
        let rule = store.controller.tick(Reading { dram: 0, far: u64::MAX, sizes: &sizes });
        assert!(rule.share.is_finite() && rule.low <= rule.high);
        let rule = store.controller.tick(Reading { dram: 0, far: 0, sizes: &[0; CLASSES] });
        assert!(rule.share.is_finite() && rule.low <= rule.high);
    }
}
