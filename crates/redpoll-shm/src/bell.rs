//! How one side wakes the other: a futex in the shared memory, or a byte on the Unix socket.

use crate::ring::{Bell, FUTEX, WaitLine};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustix::thread::futex;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// The byte that is sent to wake; what it is does not matter.
const BYTE: &[u8] = b"!";

/// Wakes the peer at the other end of a socket, and counts how often.
pub struct Doorbell<'a> {
    socket: BorrowedFd<'a>,
    rung: &'a Cell<u64>,
}

impl<'a> Doorbell<'a> {
    /// That of this connection.
    pub fn new(socket: BorrowedFd<'a>, rung: &'a Cell<u64>) -> Self {
        Doorbell { socket, rung }
    }
}

impl Bell for Doorbell<'_> {
    fn ring(&self, wait: &WaitLine, how: u32) {
        self.rung.set(self.rung.get() + 1);
        wait.rang.store(now_ns(), Relaxed);
        if how == FUTEX {
            wake_futex(&wait.word);
        } else {
            // A full socket holds bytes that the peer has not read: it will look. A dead one will
            // be noticed by whoever reads it.
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            let _ = rustix::net::send(self.socket, BYTE, flags);
        }
    }
}

/// The monotonic clock, which is the same for both sides, in nanoseconds.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
    seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos)
}

/// Wakes who sleeps at the word.
pub(crate) fn wake_futex(word: &AtomicU32) {
    // Not a private one: the sleeper is another process. It cannot fail at a mapped address.
    let _ = futex::wake(word, futex::Flags::empty(), 1);
}

/// Sleeps while the word is [`FUTEX`], for so long at most.
pub(crate) fn sleep(word: &AtomicU32, at_most: Duration) {
    let timeout = futex::Timespec {
        tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(at_most.subsec_nanos()) as _,
    };
    // Woken, interrupted, too late or out of time: the caller looks again in any case.
    let _ = futex::wait(word, futex::Flags::empty(), FUTEX, Some(&timeout));
}

/// Takes bytes that were sent to wake us. False: the other end has closed.
pub fn drain(socket: impl AsFd) -> io::Result<bool> {
    let mut bytes = [0u8; 256];
    loop {
        match rustix::net::recv(&socket, &mut bytes[..], RecvFlags::DONTWAIT) {
            Ok((0, _)) => return Ok(false),
            Ok((count, _)) if count < bytes.len() => return Ok(true),
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(true),
            Err(Errno::CONNRESET | Errno::PIPE) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}
