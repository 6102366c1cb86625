//! The 24-bit access clock of an entry: when it was last used or changed (LRU, LRM), or how often
//! it is used (LFU).
//!
//! LRU keeps seconds modulo 2^24 (194 days). LFU keeps 16 bits of minutes, when the counter last
//! decayed, and an 8-bit counter that grows with the logarithm of the accesses (Morris 1978), as
//! Redis does: a hit counts with probability 1 / (factor · (counter − 5) + 1), and so many idle
//! minutes take one off.

/// What moves the access clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Clock {
    /// Every use, read or write, sets them to the present (LRU, and policies that need no clock).
    Reads,
    /// Every use counts (LFU).
    Uses,
    /// Every write sets them to the present (LRM).
    Writes,
}

/// How fast the counter of uses moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How slowly it grows.
    pub log_factor: u32,
    /// The idle minutes that take one off; 0: it never decays.
    pub decay_minutes: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { log_factor: 10, decay_minutes: 1 }
    }
}

/// Where the counter of a new key starts, so that it is not evicted at once.
const LFU_INITIAL: u32 = 5;
const MASK: u32 = 0xff_ffff;

/// The clock of a key that is created now; the same as that of a key used now unless uses count.
#[inline]
pub fn created(now_ms: i64, uses: bool) -> u32 {
    if uses { minutes(now_ms) << 8 | LFU_INITIAL } else { seconds(now_ms) }
}

/// The clock of a key that is used now, where uses count. `noise` makes the die: another number at
/// every use.
#[inline]
pub fn used(clock: u32, now_ms: i64, pace: Pace, noise: u64) -> u32 {
    let counter = frequency(clock, now_ms, pace);
    let grown = match counter {
        255 => 255,
        _ => {
            let steps = u64::from(counter.saturating_sub(LFU_INITIAL));
            let odds = steps * u64::from(pace.log_factor) + 1;
            let mut die = noise.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            die = (die ^ die >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            die = (die ^ die >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            die ^= die >> 31;
            counter + u32::from(die.is_multiple_of(odds))
        }
    };
    minutes(now_ms) << 8 | grown
}

/// The clock, under LRU, of a key that has not been used for so many seconds.
pub fn idle_for(idle_seconds: u64, now_ms: i64) -> u32 {
    seconds(now_ms).wrapping_sub(idle_seconds.min(MASK.into()) as u32) & MASK
}

/// The clock, under LFU, of a key whose counter is this one now.
pub fn with_frequency(counter: u8, now_ms: i64) -> u32 {
    minutes(now_ms) << 8 | u32::from(counter)
}

/// For how many seconds the key has not been used (or changed), where uses do not count.
pub fn idle_seconds(clock: u32, now_ms: i64) -> u64 {
    u64::from(seconds(now_ms).wrapping_sub(clock) & MASK)
}

/// The key's counter now, decayed by the idle minutes, where uses count.
pub fn frequency(clock: u32, now_ms: i64, pace: Pace) -> u32 {
    let idle = minutes(now_ms).wrapping_sub(clock >> 8) & 0xffff;
    (clock & 0xff).saturating_sub(idle.checked_div(pace.decay_minutes).unwrap_or(0))
}

fn seconds(now_ms: i64) -> u32 {
    (now_ms / 1000) as u32 & MASK
}

fn minutes(now_ms: i64) -> u32 {
    (now_ms / 60_000) as u32 & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_survives_the_wrap() {
        let before = 0xff_fffe_i64 * 1000;
        assert_eq!(idle_seconds(created(before, false), before + 5000), 5);
    }

    /// The counter after so many uses within a minute.
    fn counter(uses: u64, pace: Pace) -> u32 {
        let clock = (0..uses).fold(created(0, true), |clock, use_| used(clock, 0, pace, use_));
        frequency(clock, 50, pace)
    }

    #[test]
    fn clocks_are_set_back() {
        assert_eq!(idle_seconds(idle_for(9, 5000), 5000), 9);
        assert_eq!(idle_seconds(idle_for(u64::MAX, 5000), 5000), MASK.into());
        assert_eq!(frequency(with_frequency(77, 60_000), 60_000, Pace::default()), 77);
    }

    #[test]
    fn frequency_grows_slowly_and_decays() {
        let pace = Pace::default();
        let mut clock = created(0, true);
        for hit in 0..100_000u64 {
            clock = used(clock, hit as i64 / 2000, pace, hit);
        }
        let hot = frequency(clock, 50, pace);
        assert!((60..=200).contains(&hot), "{hot}");
        assert_eq!(frequency(clock, 10 * 60_000 + 50, pace), hot - 10);
        let slow = Pace { decay_minutes: 5, ..pace };
        assert_eq!(frequency(clock, 10 * 60_000 + 50, slow), hot - 2);
        assert_eq!(frequency(clock, 10 * 60_000 + 50, Pace { decay_minutes: 0, ..pace }), hot);
    }

    #[test]
    fn the_factor_says_how_slowly_it_grows() {
        let with = |log_factor| counter(10_000, Pace { log_factor, decay_minutes: 1 });
        assert_eq!(with(0), 255);
        assert!(with(1) > with(10) && with(10) > with(100), "{} {}", with(1), with(10));
        assert!(with(u32::MAX) < 10);
    }
}
