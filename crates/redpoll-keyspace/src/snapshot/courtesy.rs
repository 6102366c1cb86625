//! When a thread that works through everything in the background lets others have its processor.
//!
//! The system takes the processor from a thread that has had it for long, and does so anywhere,
//! also while it holds the lock of a stripe. Then whoever wants that stripe waits until the thread
//! runs again: on a busy machine for several milliseconds, a thousand times what the lock is held
//! for. A thread that has just offered its processor to others is not due to lose it, so it offers
//! it right before it takes a lock. That costs a fraction of a microsecond where nobody wants it.
//!
//! A low priority would be the wrong means: what the thread then loses its processor to keeps it,
//! and the lock with it.

use std::thread;
use std::time::{Duration, Instant};

/// How long a thread keeps its processor. Whoever is woken in the meantime may have to wait for so
/// long; and what is given up with each offer is a slice of a millisecond or more, so offering it
/// all the time would leave nothing to a thread on a machine whose processors are all in use.
const KEPT: Duration = Duration::from_micros(150);

/// See the module's head.
#[derive(Default)]
pub struct Courtesy {
    offered: Option<Instant>,
}

impl Courtesy {
    /// To be called when no lock is held and one is about to be taken.
    pub fn before_lock(&mut self) {
        if self.offered.is_none_or(|at| at.elapsed() >= KEPT) {
            thread::yield_now();
            self.offered = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_for_a_while() {
        let mut courtesy = Courtesy::default();
        courtesy.before_lock();
        let first = courtesy.offered.expect("offered at once");
        let begun = Instant::now();
        while courtesy.offered == Some(first) {
            courtesy.before_lock();
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
        assert!(courtesy.offered.is_some_and(|at| at - first >= KEPT));
    }
}
