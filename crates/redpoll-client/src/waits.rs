//! How long a transport waits that never lets its socket block: because two threads use it, one
//! that reads and one that writes, on one state.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What all handles of a transport have been told.
#[derive(Default)]
pub(crate) struct Waits {
    read: Mutex<Option<Duration>>,
    write: Mutex<Option<Duration>>,
    never: AtomicBool,
}

impl Waits {
    /// For how long a read waits; `None`: for ever.
    pub fn read(&self) -> Option<Duration> {
        *lock(&self.read)
    }

    /// The same of a write.
    pub fn write(&self) -> Option<Duration> {
        *lock(&self.write)
    }

    /// Whether nothing waits at all.
    pub fn never(&self) -> bool {
        self.never.load(Relaxed)
    }

    pub fn set_read(&self, timeout: Option<Duration>) {
        *lock(&self.read) = timeout;
    }

    pub fn set_write(&self, timeout: Option<Duration>) {
        *lock(&self.write) = timeout;
    }

    pub fn set_never(&self, never: bool) {
        self.never.store(never, Relaxed);
    }
}

/// A lock of which no holder leaves anything half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Moves what has arrived into a reader's room, as far as it fits; answers how much that is.
pub(crate) fn hand_over(arrived: &mut Vec<u8>, into: &mut [u8]) -> usize {
    let count = arrived.len().min(into.len());
    into[..count].copy_from_slice(&arrived[..count]);
    arrived.drain(..count);
    count
}
