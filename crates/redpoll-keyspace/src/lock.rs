//! The lock of a stripe: one atomic exchange to take it, one plain store to give it back.
//!
//! A stripe is held for a fraction of a microsecond, by one of a few threads, hundreds of millions
//! of times an hour; so the lock is made for not being contended. A parking lock pays a second
//! atomic read-modify-write at release, to find out whether somebody sleeps. Here nobody does for
//! long: who meets a taken lock spins briefly, then naps, in case the holder has lost its processor
//! or holds everything (EXEC, FLUSHALL). Nobody yields: since Linux 6.18 that gives a whole slice
//! away each time, and who has done so a few times gets nothing for a tenth of a second.
//!
//! A script may hold its stripes for seconds. From the moment it is declared busy, those who wait
//! and are able to say so to their clients wait no longer ([`unless_busy`]).

use lock_api::{GuardSend, RawMutex};
use std::cell::Cell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::thread;
use std::time::Duration;

/// Turns of looking at the lock before the processor is given away: a few microseconds.
const SPINS: u32 = 200;
/// The first nap; each further one is half as long again, up to `NAP_MAX`.
const NAP: Duration = Duration::from_micros(20);
const NAP_MAX: Duration = Duration::from_micros(500);

/// Holders of locks that have been declared busy.
static BUSY: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether waiting for a lock may end without it.
    static GIVES_UP: Cell<bool> = const { Cell::new(false) };
}

/// A lock was not taken because its holder is busy for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Declares that a holder of locks keeps others waiting for long, until this is dropped.
#[derive(Debug)]
pub struct BusyHolder(());

impl BusyHolder {
    /// From now on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        BUSY.fetch_add(1, SeqCst);
        BusyHolder(())
    }
}

impl Drop for BusyHolder {
    fn drop(&mut self) {
        BUSY.fetch_sub(1, SeqCst);
    }
}

/// Runs something that takes locks. Where it would have to wait for one while a holder is busy, it
/// is left, by unwinding: it must not have changed anything before it waits.
#[cold]
#[inline(never)]
pub fn unless_busy<R>(take: impl FnOnce() -> R) -> Result<R, Busy> {
    let before = GIVES_UP.replace(true);
    let result = catch_unwind(AssertUnwindSafe(take));
    GIVES_UP.set(before);
    result.map_err(|payload| match payload.downcast::<Busy>() {
        Ok(busy) => *busy,
        Err(panic) => resume_unwind(panic),
    })
}

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
            if BUSY.load(Relaxed) > 0 && GIVES_UP.get() {
                // No panic: nothing is wrong, and nothing is to be logged.
                resume_unwind(Box::new(Busy));
            }
            if turns < SPINS {
                spin_loop();
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
    fn waiting_ends_where_the_holder_is_busy() {
        let lock = Mutex::<u64>::new(0);
        let held = lock.lock();
        let holder = BusyHolder::new();
        assert_eq!(unless_busy(|| drop(lock.lock())), Err(Busy));
        drop(holder);
        drop(held);
        assert_eq!(unless_busy(|| *lock.lock()), Ok(0));
    }

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
