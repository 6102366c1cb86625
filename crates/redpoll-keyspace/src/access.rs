//! The 24-bit access clock of an entry: when it was last used (LRU), or how often (LFU).
//!
//! LRU keeps seconds modulo 2^24 (194 days). LFU keeps 16 bits of minutes, when the counter last
//! decayed, and an 8-bit counter that grows with the logarithm of the accesses (Morris 1978), as
//! Redis does: a hit counts with probability 1 / (10 · (counter − 5) + 1), and each idle minute
//! takes one off.

/// Where the counter of a new key starts, so that it is not evicted at once.
const LFU_INITIAL: u32 = 5;
const LFU_LOG_FACTOR: u32 = 10;
const MASK: u32 = 0xff_ffff;

/// The clock of a key that is created now.
#[inline]
pub fn created(now_ms: i64, lfu: bool) -> u32 {
    if lfu { minutes(now_ms) << 8 | LFU_INITIAL } else { seconds(now_ms) }
}

/// The clock of a key that is used now. `noise` makes the die: another number at every use.
#[inline]
pub fn accessed(clock: u32, now_ms: i64, lfu: bool, noise: u64) -> u32 {
    if !lfu {
        return seconds(now_ms);
    }
    let counter = frequency(clock, now_ms);
    let grown = match counter {
        255 => 255,
        _ => {
            let odds = counter.saturating_sub(LFU_INITIAL) * LFU_LOG_FACTOR + 1;
            let mut die = noise.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            die = (die ^ die >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            die = (die ^ die >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            die ^= die >> 31;
            counter + u32::from(die.is_multiple_of(u64::from(odds)))
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

/// For how many seconds the key has not been used, under LRU.
pub fn idle_seconds(clock: u32, now_ms: i64) -> u64 {
    u64::from(seconds(now_ms).wrapping_sub(clock) & MASK)
}

/// The key's counter now, decayed by the idle minutes, under LFU.
pub fn frequency(clock: u32, now_ms: i64) -> u32 {
    let idle = minutes(now_ms).wrapping_sub(clock >> 8) & 0xffff;
    (clock & 0xff).saturating_sub(idle)
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

    #[test]
    fn clocks_are_set_back() {
        assert_eq!(idle_seconds(idle_for(9, 5000), 5000), 9);
        assert_eq!(idle_seconds(idle_for(u64::MAX, 5000), 5000), MASK.into());
        assert_eq!(frequency(with_frequency(77, 60_000), 60_000), 77);
    }

    #[test]
    fn frequency_grows_slowly_and_decays() {
        let mut clock = created(0, true);
        for hit in 0..100_000u64 {
            clock = accessed(clock, hit as i64 / 2000, true, hit);
        }
        let hot = frequency(clock, 50);
        assert!((60..=200).contains(&hot), "{hot}");
        assert_eq!(frequency(clock, 10 * 60_000 + 50), hot - 10);
    }
}
