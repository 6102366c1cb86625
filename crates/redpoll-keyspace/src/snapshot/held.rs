//! Bytes that are there for snapshots alone: what has been removed or overwritten since their
//! moment, until they have got it. They are given back without anybody's doing, so to evict keys
//! for them would only remove more than is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What becomes of an entry that is captured first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is moved to another place, and stays what it is.
    Moved,
    /// It is edited, or becomes another value.
    Edited,
    /// It goes.
    Removed,
}

/// Some such bytes, as a part of a sum. Taken off it when this goes.
#[derive(Debug, Default)]
pub(crate) struct Held {
    sum: Option<Arc<AtomicUsize>>,
    bytes: usize,
}

impl Held {
    /// None that are counted, ever.
    pub(crate) const fn uncounted() -> Self {
        Held { sum: None, bytes: 0 }
    }

    /// A part of this sum; nothing yet.
    pub(crate) fn of(sum: &Arc<AtomicUsize>) -> Self {
        Held { sum: Some(Arc::clone(sum)), bytes: 0 }
    }

    /// Adds to it.
    pub(crate) fn add(&mut self, bytes: usize) {
        if let Some(sum) = &self.sum {
            sum.fetch_add(bytes, Relaxed);
            self.bytes += bytes;
        }
    }

    /// Takes all of it off the sum.
    pub(crate) fn give_back(&mut self) {
        if let Some(sum) = &self.sum {
            sum.fetch_sub(std::mem::take(&mut self.bytes), Relaxed);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}
