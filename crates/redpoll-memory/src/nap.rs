//! The shortest sleep that is one.
//!
//! A thread that asks the system to wake it in a nanosecond does not sleep: the timer is due before
//! the thread has left its processor, and it goes on at once, although others wait for that. How
//! long it must ask for differs by machine, from less than a microsecond to more than five, so the
//! length is found out: a nap after which the system has counted no sleep makes the next ones
//! longer, and each one that was a sleep makes them a little shorter.

use rustix::thread::set_current_timer_slack;
use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Nanoseconds of the next nap, of any thread.
static LENGTH: AtomicU64 = AtomicU64::new(10_000);
/// What it may be.
const BOUNDS: (u64, u64) = (1_000, 100_000);
/// What is added where a nap was no sleep, and taken away where it was: one in a hundred is none.
const STEPS: (u64, u64) = (500, 5);

thread_local! {
    /// Whether the system has been told not to let this thread oversleep.
    static IS_PRECISE: Cell<bool> = const { Cell::new(false) };
}

/// Leaves the processor to whoever waits for it, and sleeps for as short as can be: some ten
/// microseconds.
pub fn take() {
    if !IS_PRECISE.replace(true) {
        // The system lets sleepers oversleep by some fifty microseconds unless told otherwise. If
        // it does not listen, naps are longer.
        set_current_timer_slack(Some(NonZeroU64::MIN)).unwrap_or_default();
    }
    let (before, length) = (sleeps(), LENGTH.load(Relaxed));
    thread::sleep(Duration::from_nanos(length));
    LENGTH.store(next(length, sleeps() != before), Relaxed);
}

/// The length of the nap after one that was a sleep, or was none.
fn next(length: u64, slept: bool) -> u64 {
    let next = if slept { length - STEPS.1 } else { length + STEPS.0 };
    next.clamp(BOUNDS.0, BOUNDS.1)
}

/// How often this thread has left its processor of its own accord.
fn sleeps() -> i64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the system writes no more than the structure, of plain numbers, which are zero if it
    // does not.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
        usage.assume_init()
    };
    usage.ru_nvcsw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nap_is_a_sleep() {
        // Until the length has been found out.
        (0..300).for_each(|_| take());
        let before = sleeps();
        (0..300).for_each(|_| take());
        assert!(sleeps() - before >= 200, "{} of 300", sleeps() - before);
    }

    #[test]
    fn the_length_stays_within_its_bounds() {
        let after = |slept| (0..100_000).fold(20_000, |length, _| next(length, slept));
        assert_eq!((after(true), after(false)), BOUNDS);
    }
}
