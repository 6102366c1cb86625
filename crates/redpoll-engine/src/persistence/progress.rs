//! How far loading has come, for INFO and for the log.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// See the module's head.
#[derive(Debug, Default)]
pub struct LoadProgress {
    /// When it was begun, in milliseconds since 1970.
    begun: AtomicI64,
    /// Bytes there are to load, 0 if that is not known.
    total: AtomicU64,
    /// Bytes loaded.
    passed: AtomicU64,
    /// Bytes of memory that the writer of the file had in use.
    used_memory: AtomicU64,
}

impl LoadProgress {
    /// Loading begins now.
    pub fn begin(&self, now: i64) {
        self.begun.store(now, Relaxed);
        self.total.store(0, Relaxed);
        self.passed.store(0, Relaxed);
        self.used_memory.store(0, Relaxed);
    }

    /// So many bytes are to be loaded.
    pub fn expect(&self, bytes: u64) {
        self.total.store(bytes, Relaxed);
    }

    /// So many more bytes are loaded.
    pub fn pass(&self, bytes: u64) {
        self.passed.fetch_add(bytes, Relaxed);
    }

    /// The writer of the file had so many bytes of memory in use.
    pub fn set_used_memory(&self, bytes: u64) {
        self.used_memory.store(bytes, Relaxed);
    }

    /// When it was begun, in milliseconds since 1970.
    pub fn begun(&self) -> i64 {
        self.begun.load(Relaxed)
    }

    /// Bytes there are to load, and bytes loaded.
    pub fn bytes(&self) -> (u64, u64) {
        let passed = self.passed.load(Relaxed);
        (self.total.load(Relaxed).max(passed), passed)
    }

    /// Bytes of memory that the writer of the file had in use; 0: nobody has said.
    pub fn used_memory(&self) -> u64 {
        self.used_memory.load(Relaxed)
    }

    /// How many seconds it will take at this pace.
    pub fn seconds_left(&self, now: i64) -> u64 {
        let (total, passed) = self.bytes();
        let elapsed = u64::try_from((now - self.begun()) / 1000).unwrap_or(0);
        match passed {
            // As Redis says it while nothing is known.
            0 => 1,
            _ => (u128::from(elapsed) * u128::from(total - passed) / u128::from(passed)) as u64,
        }
    }
}
