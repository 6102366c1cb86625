//! How much one chunk of a list may hold: `list-max-listpack-size` made into numbers.

use crate::limits::Limits;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Sizes in bytes that the settings -1 to -5 stand for. Even 64 KiB of one-byte elements stay
/// below the 65535 entries that a listpack can count.
const SIZES: [usize; 5] = [4096, 8192, 16384, 32768, 65536];

/// Where the setting is a number of entries, a chunk is still no larger than this.
const SIZE_WHERE_COUNTED: usize = 8192;

/// What an element may take beside its bytes, guessed high rather than low.
const ENTRY_OVERHEAD: usize = 8;

/// The largest threshold that [`set_packed_threshold`] takes: what a listpack could still hold.
const THRESHOLD_MAX: usize = (1 << 32) - (1 << 20);

/// 0, or the size from which an element gets a chunk of its own.
static PACKED_THRESHOLD: AtomicUsize = AtomicUsize::new(0);

/// `DEBUG QUICKLIST-PACKED-THRESHOLD`: from now on, in all lists of the process, elements of at
/// least this many bytes get chunks of their own; 0 brings the normal rule back. Returns false, and
/// changes nothing, if the number is too large.
///
/// It is one number for the process, and not one of the [`Limits`], because it only exists to test
/// chunks of one element without elements of many kilobytes.
pub fn set_packed_threshold(bytes: usize) -> bool {
    let valid = bytes <= THRESHOLD_MAX;
    if valid {
        PACKED_THRESHOLD.store(bytes, Relaxed);
    }
    valid
}

/// The limits of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    bytes: usize,
    entries: usize,
}

impl Fill {
    /// The limits that the configuration asks for.
    pub(super) fn new(limits: &Limits) -> Self {
        match usize::try_from(limits.list_max_listpack_size) {
            Ok(entries) => Fill { bytes: SIZE_WHERE_COUNTED, entries: entries.max(1) },
            Err(_) => {
                let level = limits.list_max_listpack_size.unsigned_abs() as usize - 1;
                Fill { bytes: SIZES[level.min(SIZES.len() - 1)], entries: usize::MAX }
            }
        }
    }

    /// Whether a chunk may be this large.
    pub(super) fn holds(&self, bytes: usize, entries: usize) -> bool {
        bytes <= self.bytes && entries <= self.entries
    }

    /// Whether a chunk of this size may take one more element of `len` bytes.
    pub(super) fn takes(&self, bytes: usize, entries: usize, len: usize) -> bool {
        self.holds(bytes.saturating_add(len).saturating_add(ENTRY_OVERHEAD), entries + 1)
    }

    /// Whether a list of this size goes back to a single listpack: at half the limit, so that a
    /// list that grows and shrinks around it is not converted each time.
    pub(super) fn reunites(&self, bytes: usize, entries: usize) -> bool {
        match self.entries {
            // Sizes do not count for the way back where entries are what is limited.
            usize::MAX => bytes <= self.bytes / 2,
            most => entries <= most / 2,
        }
    }

    /// Whether an element of `len` bytes gets a chunk of its own.
    pub(super) fn is_large(&self, len: usize) -> bool {
        match PACKED_THRESHOLD.load(Relaxed) {
            0 => len > self.bytes,
            threshold => len >= threshold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(setting: i32) -> Fill {
        Fill::new(&Limits { list_max_listpack_size: setting, ..Limits::default() })
    }

    #[test]
    fn settings_are_sizes_or_counts() {
        assert!(fill(-2).holds(8192, 60_000) && !fill(-2).holds(8193, 1));
        assert!(fill(-1).holds(4096, 1) && !fill(-1).holds(4097, 1));
        assert_eq!(fill(-5), fill(-100));
        assert_eq!(fill(i32::MIN), fill(-5));
        assert!(fill(3).holds(8192, 3) && !fill(3).holds(10, 4) && !fill(3).holds(8193, 1));
        assert_eq!(fill(0), fill(1));
    }

    #[test]
    fn half_the_limit_leads_back() {
        assert!(fill(-2).reunites(4096, 4000) && !fill(-2).reunites(4097, 1));
        assert!(fill(4).reunites(8000, 2) && !fill(4).reunites(10, 3));
    }

    #[test]
    fn an_element_above_the_limit_is_large() {
        assert!(!fill(-2).is_large(8192) && fill(-2).is_large(8193));
        assert!(!fill(100).is_large(8192) && fill(100).is_large(8193));
        assert!(!set_packed_threshold(usize::MAX));
    }
}
