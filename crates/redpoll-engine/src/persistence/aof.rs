//! The append-only file, as far as it concerns the engine: how far the change log is on disk, and
//! what is known of the files. Files and threads are the program's ([`LogKeeper`]).
//!
//! Positions are offsets of the [`crate::change_log::ChangeLog`]. What a position says is how much
//! of the log has been handed to the system (`written`) or is on disk (`durable`). Replies wait for
//! one of them ([`crate::Engine::log_to_wait_for`]): with `appendfsync always` for the latter, and
//! for the former while more waits to be written than memory should hold.

use parking_lot::Mutex;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};

/// What the program does for the append-only file.
pub trait LogKeeper: Send + Sync {
    /// Rewrites the files in the background. To be called after [`Aof::begin_rewrite`].
    fn rewrite(&self) -> io::Result<()>;

    /// Rewrites the files in the background, because the data were replaced by others.
    fn replaced(&self) -> io::Result<()>;

    /// Replaces the data by what the files hold (DEBUG LOADAOF), before it returns. No stripe may
    /// be locked.
    fn reload(&self) -> io::Result<()>;
}

/// What is known of the files, for INFO.
#[derive(Clone, Debug, Default)]
pub struct AofStatus {
    /// Whether the last rewrite failed.
    pub rewrite_failed: bool,
    /// When the current or last rewrite was begun, in milliseconds since 1970.
    pub rewrite_begun: i64,
    /// How long the last one took, in seconds; `None`: there was none.
    pub rewrite_seconds: Option<i64>,
    /// Rewrites begun.
    pub rewrites: u64,
    /// How many of the last rewrites failed in a row.
    pub failures: u64,
    /// Bytes of the base file.
    pub base_size: u64,
    /// What the last attempt to write or to flush has met.
    pub error: Option<String>,
    /// Flushes that took more than two seconds.
    pub slow_flushes: u64,
}

/// See the module's head.
#[derive(Default)]
pub struct Aof {
    keeper: OnceLock<Box<dyn LogKeeper>>,
    /// Wakes those who hold replies back.
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
    enabled: AtomicBool,
    complete: AtomicBool,
    rewriting: AtomicBool,
    holds: AtomicBool,
    released: AtomicU64,
    durable: AtomicU64,
    /// For how long to sleep before the log is written, in microseconds (DEBUG AOF-FLUSH-SLEEP).
    pub sleep_micros: AtomicU64,
    /// Bytes of all files.
    pub size: AtomicU64,
    /// Bytes that wait to be written.
    pub buffered: AtomicUsize,
    status: Mutex<AofStatus>,
}

impl Aof {
    /// Gives the engine its keeper; a second one is not taken.
    pub fn set_keeper(&self, keeper: Box<dyn LogKeeper>) {
        let _ = self.keeper.set(keeper);
    }

    /// What is to be called when replies may go; a second one is not taken.
    pub fn set_wake(&self, wake: Box<dyn Fn() + Send + Sync>) {
        let _ = self.wake.set(wake);
    }

    /// The program's part.
    pub fn keeper(&self) -> io::Result<&dyn LogKeeper> {
        let keeper = self.keeper.get().map(|keeper| &**keeper);
        keeper.ok_or_else(|| io::Error::other("there is no keeper of the append-only file"))
    }

    /// Whether changes are logged, or will be as soon as the first files are there.
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Acquire)
    }

    /// Says whether changes are to be logged.
    pub fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Release);
    }

    /// Whether the files hold all data: not before the first base is there.
    pub fn is_complete(&self) -> bool {
        self.complete.load(Acquire)
    }

    /// Says whether the files hold all data.
    pub fn set_complete(&self, complete: bool) {
        self.complete.store(complete, Release);
    }

    /// Whether the files are being rewritten.
    pub fn is_rewriting(&self) -> bool {
        self.rewriting.load(Acquire)
    }

    /// Takes the right to rewrite the files; false if somebody has it.
    pub fn begin_rewrite(&self, now: i64) -> bool {
        if self.rewriting.swap(true, AcqRel) {
            return false;
        }
        self.update(|status| {
            status.rewrite_begun = now;
            status.rewrites += 1;
        });
        true
    }

    /// Gives it back, and notes how it went.
    pub fn end_rewrite(&self, failed: bool, now: i64) {
        self.update(|status| {
            status.rewrite_failed = failed;
            status.rewrite_seconds = Some((now - status.rewrite_begun).max(0) / 1000);
            status.failures = if failed { status.failures + 1 } else { 0 };
        });
        self.rewriting.store(false, Release);
    }

    /// What is known of the files.
    pub fn status(&self) -> AofStatus {
        self.status.lock().clone()
    }

    /// Changes what is known of the files.
    pub fn update<T>(&self, change: impl FnOnce(&mut AofStatus) -> T) -> T {
        change(&mut self.status.lock())
    }

    /// Whether replies may have to wait at all.
    #[inline(always)]
    pub(crate) fn holds(&self) -> bool {
        self.holds.load(Relaxed)
    }

    /// Says whether replies are to wait until the log has come as far as [`Aof::released`].
    pub fn set_holds(&self, holds: bool) {
        self.holds.store(holds, SeqCst);
    }

    /// Up to where replies may go.
    pub fn released(&self) -> u64 {
        self.released.load(SeqCst)
    }

    /// Up to where the log is on disk.
    pub fn durable(&self) -> u64 {
        self.durable.load(Acquire)
    }

    /// The log begins at this offset, and nothing before it is waited for.
    pub fn restart(&self, offset: u64) {
        self.durable.store(offset, Release);
        self.released.store(offset, SeqCst);
        self.advance(offset, offset);
    }

    /// Says how far the log is on disk, and up to where replies may go, if that is further than
    /// was known; wakes those who wait.
    pub fn advance(&self, durable: u64, released: u64) {
        self.durable.fetch_max(durable, AcqRel);
        self.released.fetch_max(released, SeqCst);
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }
}
