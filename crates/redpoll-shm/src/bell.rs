//! How one side wakes the other: a futex in the shared memory, or a byte on the Unix socket.

use crate::ring::{Bell, FUTEX, WaitLine};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustix::thread::futex;
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

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

/// The time of day in nanoseconds since 1970. That clock can be set, but of the ones at hand it is
/// the only one of which two processes get the same numbers.
fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(0)
}

/// How long ago the time of day was this; none if that is not in the past.
pub fn since(nanos: u64) -> Option<Duration> {
    now_ns().checked_sub(nanos).filter(|_| nanos > 0).map(Duration::from_nanos)
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
