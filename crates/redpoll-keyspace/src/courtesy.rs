//! When a thread that works through everything in the background lets others have its processor.
//!
//! The system takes the processor from a thread that has had it for long, and does so anywhere,
//! also while it holds the lock of a stripe. Then whoever wants that stripe waits until the thread
//! runs again: on a busy machine for several milliseconds, a thousand times what the lock is held
//! for. A thread that has just slept, however shortly, is not due to lose it, so it sleeps right
//! before it takes a lock, for as short as can be ([`nap`]). A thread that takes none sleeps for
//! the sake of others that have been woken: the system may let them wait for its next tick, up to
//! four milliseconds.
//!
//! To yield would be the wrong means: it gives a slice of a millisecond or more away, each time,
//! and leaves next to nothing to the thread where all processors are in use. So would a low
//! priority be: what the thread then loses its processor to keeps it, and the lock with it.

use redpoll_memory::nap;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a thread keeps its processor. Whoever is woken in the meantime may have to wait for so
/// long; and to sleep takes some ten microseconds.
pub const KEPT: Duration = Duration::from_micros(150);

thread_local! {
    /// When this thread has slept last.
    static SLEPT: Cell<Option<Instant>> = const { Cell::new(None) };
    /// [`KEPT`], or what has been said.
    static OWN_KEPT: Cell<Duration> = const { Cell::new(KEPT) };
}

/// The calling thread keeps its processor for so long from now on, in place of [`KEPT`]: one that
/// somebody waits for, too, and that holds no locks when it might lose it.
pub fn keep_for(time: Duration) {
    OWN_KEPT.set(time);
}

/// To be called now and then by a thread that works for long and holds no lock; best right before
/// it takes one. The calling thread sleeps if it has had its processor for long enough.
pub fn show() {
    if SLEPT.get().is_none_or(|at| at.elapsed() >= OWN_KEPT.get()) {
        nap::take();
        SLEPT.set(Some(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_for_a_while() {
        show();
        let first = SLEPT.get().expect("it sleeps at once");
        let begun = Instant::now();
        while SLEPT.get() == Some(first) {
            show();
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
        assert!(SLEPT.get().is_some_and(|at| at - first >= KEPT));
        keep_for(Duration::from_secs(1000));
        let last = SLEPT.get();
        // sleep: the function goes by the time that has passed.
        std::thread::sleep(2 * KEPT);
        show();
        assert_eq!(SLEPT.get(), last);
        keep_for(KEPT);
    }
}
