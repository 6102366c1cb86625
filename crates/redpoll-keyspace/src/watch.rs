//! What those are told who watch a key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::*};

/// How a key has changed: whoever watches it for WATCH does not care, but what has been worked out
/// of a stream's entries stands although others have been added behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Something was added at its end, and all that was there is as it was.
    Added = 1,
    /// In any way.
    Any,
}

/// Shared by the stripe of a watched key and the one who watches.
pub type WatchFlag = Arc<Watch>;

/// See [`WatchFlag`].
#[derive(Debug, Default)]
pub struct Watch(AtomicU8);

impl Watch {
    /// Says that a key has changed.
    pub fn note(&self, change: Change) {
        self.0.fetch_max(change as u8, AcqRel);
    }

    /// The largest change since the beginning, or since it was cleared.
    pub fn change(&self) -> Option<Change> {
        match self.0.load(Acquire) {
            0 => None,
            1 => Some(Change::Added),
            _ => Some(Change::Any),
        }
    }

    /// Whether a key has changed.
    pub fn is_set(&self) -> bool {
        self.change().is_some()
    }

    /// Forgets what has changed.
    pub fn clear(&self) {
        self.0.store(0, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_change_stays() {
        let watch = Watch::default();
        assert!(!watch.is_set());
        for (change, largest) in [
            (Change::Added, Change::Added),
            (Change::Any, Change::Any),
            (Change::Added, Change::Any),
        ] {
            watch.note(change);
            assert_eq!(watch.change(), Some(largest));
        }
        watch.clear();
        assert_eq!(watch.change(), None);
    }
}
