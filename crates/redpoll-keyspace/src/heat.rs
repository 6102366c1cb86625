//! How often a value has been used of late: what decides whether it lies in DRAM.
//!
//! The heat of a value is the logarithm of a sum over its uses, in which a use counts half as much
//! as one a half-life later (forward decay: Cormode et al., 2009). Weights grow with time and past
//! ones stay as they are, so that a value that is not used need not be touched: its heat stays a
//! number, and the clock, which is the weight of a use at present, moves on. Two such numbers tell
//! which value is hotter, and by how much, much finer than a count of uses would.
//!
//! They take 16 bits of the entry's header that entries with a value of their own have to spare: a
//! use costs no memory and no miss. Numbers wrap after 1024 half-lives; the walk over the keys
//! ([`crate::tiering`]) sets those that have cooled down to [`COLD`] long before.
//!
//! How many uses a half-life is, the keeper of the policy decides (`redpoll-engine`). (The access
//! clock cannot serve: under LRU it does not count, and the counter of LFU takes a minute to
//! forget one use.)

/// Steps of the clock in a half-life.
pub const HALF_LIFE: u16 = 64;
/// The heat of a value that has not been used, or not for very long.
pub const COLD: u16 = 0;
/// Levels of heat in a half-life.
pub const LEVELS_A_DOUBLING: usize = 8;
/// The number of levels of heat: from eight half-lives below that of a single use just now up to
/// as many above it.
pub const LEVELS: usize = 16 * LEVELS_A_DOUBLING;

/// Steps of the clock in a level.
const LEVEL: i32 = HALF_LIFE as i32 / LEVELS_A_DOUBLING as i32;
/// Steps between two entries of [`SUM`].
const GRAIN: usize = 4;
/// What the logarithm of a sum is above that of the larger of two, by the difference of both.
const SUM: [u8; 128] = sums();

/// The heat after one more use, at this time of the clock.
#[inline]
pub fn used(heat: u16, clock: u16) -> u16 {
    if heat == COLD {
        return clock.max(1);
    }
    let ahead = heat.wrapping_sub(clock).cast_signed();
    let apart = usize::from(ahead.unsigned_abs());
    let more = SUM.get((apart + GRAIN / 2) / GRAIN).copied().unwrap_or(0);
    let larger = if ahead > 0 { heat } else { clock };
    larger.wrapping_add(more.into()).max(1)
}

/// How hot it is at this time of the clock, below [`LEVELS`]; 0: as good as never used.
#[inline]
pub fn level(heat: u16, clock: u16) -> u8 {
    if heat == COLD {
        return 0;
    }
    let ahead = i32::from(heat.wrapping_sub(clock).cast_signed());
    (ahead.div_euclid(LEVEL) + LEVELS as i32 / 2).clamp(0, LEVELS as i32 - 1) as u8
}

/// The entries of [`SUM`]: 64 times log2(1 + 2^(-difference / 64)), rounded.
const fn sums() -> [u8; 128] {
    // 2^(-1/64) and ln 2.
    const STEP: f64 = 0.989_228_013_193_975_5;
    const LN2: f64 = std::f64::consts::LN_2;
    let (mut sums, mut at, mut power, mut steps) = ([0; 128], 0, 1.0, 0);
    while at < 128 {
        // The middle of the differences that share the entry.
        while steps < at * GRAIN {
            power *= STEP;
            steps += 1;
        }
        // ln(1 + p) = 2 artanh(p / (2 + p)), whose argument is a third at most.
        let part = power / (2.0 + power);
        let (mut term, mut sum, mut odd) = (part, part, 1.0);
        while odd < 25.0 {
            term *= part * part;
            odd += 2.0;
            sum += term / odd;
        }
        sums[at] = (HALF_LIFE as f64 * 2.0 * sum / LN2 + 0.5) as u8;
        at += 1;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heat that exact arithmetic gives for uses at these times, against the one that is kept.
    fn compare(times: &[u16]) {
        let heat = times.iter().fold(COLD, |heat, time| used(heat, *time));
        let weight = |time: &u16| (f64::from(*time) / 64.0).exp2();
        let exact = times.iter().map(weight).sum::<f64>().log2() * 64.0;
        assert!((f64::from(heat) - exact).abs() <= 12.0, "{times:?}: {heat}, not {exact}");
    }

    #[test]
    fn uses_add_up_and_weigh_half_after_each_half_life() {
        compare(&[100]);
        compare(&[100, 100]);
        compare(&[100, 100, 100, 100]);
        compare(&[100, 164, 228]);
        compare(&[100, 900]);
        compare(&(0..200).map(|time| 1000 + time * 5).collect::<Vec<_>>());
        let two = used(used(COLD, 500), 500);
        assert_eq!(level(two, 564), level(used(COLD, 564), 564), "half of two is one");
    }

    #[test]
    fn levels_rise_with_heat_and_fall_with_time() {
        let (one, many) = (used(COLD, 70), (0..1000).fold(COLD, |heat, _| used(heat, 70)));
        assert_eq!((level(COLD, 70), usize::from(level(one, 70))), (0, LEVELS / 2));
        let most = usize::from(level(many, 70));
        assert!((LEVELS * 7 / 8..LEVELS).contains(&most), "{most}");
        let later = (0..2000).map(|passed| level(one, 70 + passed));
        assert!(later.is_sorted_by(|now, then| now >= then));
        assert_eq!(level(one, 70 + 9 * HALF_LIFE), 0);
    }

    #[test]
    fn the_clock_may_wrap() {
        let heat = used(used(COLD, u16::MAX - 10), 20);
        assert!(usize::from(level(heat, 20)) > LEVELS / 2);
        assert_eq!(level(heat, 20 + 600), 0);
        assert_ne!(used(COLD, 0), COLD, "a use is never taken for none");
        assert_ne!(used(u16::MAX - 63, u16::MAX - 63), COLD);
    }
}
