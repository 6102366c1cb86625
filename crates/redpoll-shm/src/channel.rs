//! The server's side of a connection.

use crate::bell::{Doorbell, since, wake_futex};
use crate::layout::CLOSED;
use crate::memory::{Half, Memory};
use crate::ring::{AWAKE, Area, Consumer, FUTEX, Producer, SOCKET, Violation};
use std::cell::Cell;
use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Relaxed, Release, SeqCst};
use std::sync::atomic::fence;
use std::time::Duration;

/// Requests in, replies out. Each call names the connection's socket, by which a sleeping client is
/// woken if it asks for that.
pub struct Channel {
    memory: Arc<Memory>,
    requests: Consumer<Half>,
    replies: Producer<Half>,
    rung: Cell<u64>,
}

impl Channel {
    /// A new one with rings of at least `ring` bytes, and the memory's descriptor for the client.
    pub fn create(ring: usize) -> io::Result<(Channel, OwnedFd)> {
        let (memory, fd) = Memory::create(ring)?;
        Ok((Self::over(memory), fd))
    }

    /// Over a memory whose rings have not been used yet.
    pub fn over(memory: Arc<Memory>) -> Channel {
        Channel {
            requests: Consumer::new(memory.requests()),
            replies: Producer::new(memory.replies()),
            memory,
            rung: Cell::new(0),
        }
    }

    /// The memory.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Moves requests to the end of `out`, within its spare capacity.
    #[inline]
    pub fn read(&mut self, out: &mut Vec<u8>, socket: BorrowedFd<'_>) -> Result<usize, Violation> {
        self.requests.read(out, &Doorbell::new(socket, &self.rung))
    }

    /// Writes as much of these replies as the ring takes.
    #[inline]
    pub fn write(&mut self, bytes: &[u8], socket: BorrowedFd<'_>) -> Result<usize, Violation> {
        self.replies.write(bytes, &Doorbell::new(socket, &self.rung))
    }

    /// Whether the client has sent something.
    #[inline]
    pub fn has_bytes(&self) -> bool {
        self.requests.has_bytes()
    }

    /// Whether something can be written.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.replies.has_room()
    }

    /// Says that the server will not look any more until a byte comes on the socket, which is sent
    /// once there are requests, or once there is room, as far as these are wanted. False: something
    /// is there already, and nothing has been said.
    pub fn sleep(&self, wants_bytes: bool, wants_room: bool) -> bool {
        if wants_bytes && !self.requests.arm(SOCKET) {
            return false;
        }
        if wants_room && !self.replies.arm(SOCKET) {
            self.requests.disarm();
            return false;
        }
        true
    }

    /// Says that the server looks again by itself.
    pub fn wake_up(&self) {
        self.requests.disarm();
        self.replies.disarm();
    }

    /// How long ago the client last woke the server to look at its requests, if it says.
    pub fn rang_before(&self) -> Option<Duration> {
        since(self.requests.area().control().consumer_waits.rang.load(Relaxed))
    }

    /// How often the client was woken.
    pub fn rung(&self) -> u64 {
        self.rung.get()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("memory", self.memory.layout()).finish_non_exhaustive()
    }
}

impl Drop for Channel {
    /// Tells a client that sleeps that nothing will come any more. One that waits for the socket
    /// sees it close.
    fn drop(&mut self) {
        self.memory.state().store(CLOSED, Release);
        fence(SeqCst);
        let waits = [
            &self.replies.area().control().consumer_waits,
            &self.requests.area().control().producer_waits,
        ];
        for wait in waits {
            if wait.word.swap(AWAKE, AcqRel) == FUTEX {
                wake_futex(&wait.word);
            }
        }
    }
}
