//! The lock of a stripe: one atomic exchange to take it, one plain store to give it back.
//!
//! A stripe is held for a fraction of a microsecond, by one of a few threads, hundreds of millions
//! of times an hour; so the lock is made for not being contended. A parking lock pays a second
//! atomic read-modify-write at release, to find out whether somebody sleeps. Here nobody does for
//! long: who meets a taken lock spins briefly, then yields, then naps, in case the holder has lost
//! its processor or holds everything (EXEC, FLUSHALL).

use lock_api::{GuardSend, RawMutex};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::Duration;

/// Turns of looking at the lock before the processor is given away: a few microseconds.
const SPINS: u32 = 200;
/// Times the processor is given away before the thread naps.
const YIELDS: u32 = 20;
/// The first nap; each further one is half as long again, up to `NAP_MAX`.
const NAP: Duration = Duration::from_micros(20);
const NAP_MAX: Duration = Duration::from_micros(500);

/// See the module's head.
pub struct StripeLock(AtomicBool);

// SAFETY: `lock` and `try_lock` return with the flag moved from false to true by this thread alone,
// with acquire ordering; `unlock`, which only the holder calls, sets it back with release ordering.
// So at most one guard exists, and it sees everything that earlier holders wrote.
unsafe impl RawMutex for StripeLock {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: StripeLock = StripeLock(AtomicBool::new(false));

    type GuardMarker = GuardSend;

    #[inline]
    fn lock(&self) {
        if self.0.swap(true, Acquire) {
            self.wait();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        !self.0.load(Relaxed) && !self.0.swap(true, Acquire)
    }

    #[inline]
    unsafe fn unlock(&self) {
        self.0.store(false, Release);
    }
}

impl StripeLock {
    #[cold]
    fn wait(&self) {
        let mut turns = 0;
        let mut nap = NAP;
        loop {
            if !self.0.load(Relaxed) && !self.0.swap(true, Acquire) {
                return;
            }
            turns += 1;
            if turns < SPINS {
                spin_loop();
            } else if turns < SPINS + YIELDS {
                thread::yield_now();
            } else {
                thread::sleep(nap);
                nap = (nap + nap / 2).min(NAP_MAX);
            }
        }
    }
}

/// A stripe's mutex.
pub type Mutex<T> = lock_api::Mutex<StripeLock, T>;
/// A locked stripe.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, StripeLock, T>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_lost() {
        let count = Mutex::<u64>::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5_000).for_each(|_| *count.lock() += 1));
            }
        });
        assert_eq!(*count.lock(), 20_000);
        let held = count.lock();
        assert!(count.try_lock().is_none());
        drop(held);
        assert!(count.try_lock().is_some());
    }
}
