//! How often a value has been used of late: what decides whether it lies in DRAM.
//!
//! Four bits' worth of uses and the epoch they are of, in 16 bits of the entry's header that
//! entries with a value of their own have to spare: a use costs no memory and no miss. When epochs
//! have passed, the count is halved for each; nobody walks the keys to do it. An epoch is as long
//! as about one use for every key takes, so that the count means the same however busy the server
//! is.
//!
//! (The access clock cannot serve: under LRU it does not count, and the counter of LFU takes a
//! minute to forget one use.)

/// The highest count.
pub const HEAT_MAX: u8 = 15;
/// The number of levels of heat.
pub const LEVELS: usize = HEAT_MAX as usize + 1;

/// The heat after one more use in this epoch.
#[inline]
pub(crate) fn used(heat: u16, epoch: u8) -> u16 {
    let count = (level(heat, epoch) + 1).min(HEAT_MAX);
    u16::from(epoch) << 8 | u16::from(count)
}

/// How hot it is in this epoch, from 0 to [`HEAT_MAX`].
#[inline]
pub(crate) fn level(heat: u16, epoch: u8) -> u8 {
    let passed = epoch.wrapping_sub((heat >> 8) as u8);
    ((heat & 0xff) as u8).min(HEAT_MAX).checked_shr(passed.into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_add_up_and_halve_with_each_epoch() {
        let mut heat = 0;
        (0..6).for_each(|_| heat = used(heat, 9));
        assert_eq!(level(heat, 9), 6);
        assert_eq!(level(heat, 10), 3);
        assert_eq!(level(heat, 12), 0);
        assert_eq!(level(used(heat, 10), 10), 4);
        (0..100).for_each(|_| heat = used(heat, 9));
        assert_eq!(level(heat, 9), HEAT_MAX);
    }

    #[test]
    fn epochs_may_wrap_and_new_entries_are_cold() {
        let heat = used(used(0, 255), 255);
        assert_eq!((level(heat, 255), level(heat, 0), level(heat, 1)), (2, 1, 0));
        assert_eq!((0..=255).map(|epoch| level(0, epoch)).max(), Some(0));
        assert_eq!(level(u16::MAX, 255), HEAT_MAX, "bytes from elsewhere are bounded");
    }
}
