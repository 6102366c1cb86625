//! For how long more memory has been in use than `maxmemory` allows.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// See the module's head. Times are in milliseconds.
#[derive(Debug, Default)]
pub struct Excess {
    /// When it began, since 1970; 0: there is none.
    since: AtomicI64,
    total: AtomicU64,
}

impl Excess {
    /// Notes whether there is an excess now.
    pub fn note(&self, over: bool, now: i64) {
        let since = self.since.load(Relaxed);
        if over == (since != 0) {
            return;
        }
        // One of several threads that see the same writes it down.
        let new = if over { now } else { 0 };
        if self.since.compare_exchange(since, new, Relaxed, Relaxed).is_ok() && !over {
            self.total.fetch_add(u64::try_from(now - since).unwrap_or(0), Relaxed);
        }
    }

    /// How long the present excess has lasted.
    pub fn current(&self, now: i64) -> u64 {
        match self.since.load(Relaxed) {
            0 => 0,
            since => u64::try_from(now - since).unwrap_or(0),
        }
    }

    /// How long all have lasted.
    pub fn total(&self, now: i64) -> u64 {
        self.total.load(Relaxed) + self.current(now)
    }

    /// Begins to count anew (CONFIG RESETSTAT).
    pub fn reset(&self) {
        self.total.store(0, Relaxed);
        self.since.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up() {
        let excess = Excess::default();
        for (over, now) in [(false, 5), (true, 10), (true, 20), (false, 30), (true, 40)] {
            excess.note(over, now);
        }
        assert_eq!((excess.current(45), excess.total(45)), (5, 25));
        excess.reset();
        assert_eq!((excess.current(45), excess.total(45)), (0, 0));
    }
}
