//! DEBUG SLEEP: the whole server stands still, as one with a single thread would.
//!
//! Tests and operators use it to see what others do about a server that does not answer. Who sleeps
//! holds all stripes; every other thread looks here before its next turn, as not all of what it
//! does needs a stripe.

use parking_lot::{Mutex, MutexGuard};
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::Duration;

/// See the module's head.
#[derive(Default)]
pub struct Standstill {
    on: AtomicBool,
    asleep: Mutex<()>,
}

impl Standstill {
    /// Sleeps. Called with all stripes locked, so by one thread at a time.
    pub fn sleep(&self, time: Duration) {
        let asleep = self.asleep.lock();
        self.on.store(true, Release);
        // Whatever happens, the others go on.
        let _end = End { on: &self.on, _asleep: asleep };
        thread::sleep(time);
    }

    /// Waits while the server sleeps. Called without any lock.
    #[inline]
    pub fn wait(&self) {
        if self.on.load(Acquire) {
            drop(self.asleep.lock());
        }
    }
}

struct End<'a> {
    on: &'a AtomicBool,
    _asleep: MutexGuard<'a, ()>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.on.store(false, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Instant;

    #[test]
    fn others_wait() {
        let standstill = Arc::new(Standstill::default());
        standstill.wait();
        let (other, start) = (Arc::clone(&standstill), Instant::now());
        let sleeper = thread::spawn(move || other.sleep(Duration::from_millis(50)));
        while !standstill.on.load(Acquire) {
            thread::yield_now();
        }
        standstill.wait();
        assert!(start.elapsed() >= Duration::from_millis(50));
        sleeper.join().expect("it ends");
        assert!(!standstill.on.load(Acquire));
    }
}
