//! The client's side of a connection.

use crate::bell::{Doorbell, drain, sleep};
use crate::handshake::{self, Answer};
use crate::layout::CLOSED;
use crate::memory::{Half, Memory};
use crate::ring::{Area, Consumer, FUTEX, Fill, Producer, SOCKET, WaitLine};
use crate::spin::Spin;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};

/// How long a client spins before it sleeps, unless it is told otherwise.
pub const SPIN: Duration = Duration::from_micros(50);
/// How long it sleeps before it looks whether the server is still there.
const SLICE: Duration = Duration::from_millis(250);

/// What has come of asking for the memory.
#[derive(Debug)]
pub enum Opened {
    /// Bytes run through the rings from now on.
    Rings(Client),
    /// The server said no, and why; the socket works as before.
    Refused(UnixStream, String),
}

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Replies to read.
    Bytes,
    /// Room for requests.
    Room,
}

/// How waiting has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// It is there.
    Ready,
    /// The server has closed the connection, or is gone.
    Closed,
    /// Time is up.
    TimedOut,
}

/// A connection through shared memory.
pub struct Client {
    socket: UnixStream,
    memory: Arc<Memory>,
    requests: Producer<Half>,
    replies: Consumer<Half>,
    rung: Cell<u64>,
    spin: Spin,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    nonblocking: bool,
}

impl Client {
    /// Asks for the memory on a blocking socket that is authenticated and on which no reply is
    /// outstanding, and maps it. `ring` is the wish for rings of another size than the server's
    /// own.
    pub fn open(socket: UnixStream, ring: Option<usize>) -> io::Result<Opened> {
        (&socket).write_all(&handshake::request(ring))?;
        match handshake::receive(&socket)? {
            Answer::Refused(why) => Ok(Opened::Refused(socket, why)),
            Answer::Granted(fd) => Ok(Opened::Rings(Self::over(socket, Memory::open(&fd)?))),
        }
    }

    /// Over a memory whose rings have not been used yet.
    pub fn over(socket: UnixStream, memory: Arc<Memory>) -> Client {
        Client {
            requests: Producer::new(memory.requests()),
            replies: Consumer::new(memory.replies()),
            socket,
            memory,
            rung: Cell::new(0),
            spin: Spin::new(SPIN),
            read_timeout: None,
            write_timeout: None,
            nonblocking: false,
        }
    }

    /// Bounds every later read; `None` waits for ever.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.read_timeout = timeout;
    }

    /// Bounds every later write; `None` waits for ever.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.write_timeout = timeout;
    }

    /// Whether reads and writes fail with [`io::ErrorKind::WouldBlock`] instead of waiting.
    pub fn set_nonblocking(&mut self, nonblocking: bool) {
        self.nonblocking = nonblocking;
    }

    /// How long to spin before sleeping; zero to sleep at once.
    pub fn set_spin(&mut self, spin: Duration) {
        self.spin.set_budget(spin);
    }

    /// How often the server had to be woken.
    pub fn rung(&self) -> u64 {
        self.rung.get()
    }

    /// The socket. Readable means: the server has rung, or is gone; see [`arm`](Self::arm).
    pub fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// The memory.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Takes what replies there are, without waiting and without a system call, unless the server
    /// waits for room. 0: none now.
    #[inline]
    pub fn try_read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut out = Fill { slice: out, filled: 0 };
        let bell = Doorbell::new(self.socket.as_fd(), &self.rung);
        Ok(self.replies.read(&mut out, &bell)?)
    }

    /// Writes what there is room for, without waiting; wakes the server if it sleeps.
    #[inline]
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bell = Doorbell::new(self.socket.as_fd(), &self.rung);
        Ok(self.requests.write(bytes, &bell)?)
    }

    /// Whether it is there now.
    #[inline]
    pub fn is_ready(&self, want: Want) -> bool {
        match want {
            Want::Bytes => self.replies.has_bytes(),
            Want::Room => self.requests.has_room(),
        }
    }

    /// For event loops: asks the server to make the socket readable once what is wanted is there.
    /// False: it is there already. Once the socket is readable, call [`answer`](Self::answer), then
    /// read or write, and arm again when there is nothing more.
    pub fn arm(&self, want: Want) -> bool {
        match want {
            Want::Bytes => self.replies.arm(SOCKET),
            Want::Room => self.requests.arm(SOCKET),
        }
    }

    /// Takes the bytes with which the server has rung from the socket. False: it has closed the
    /// connection; what is in the ring can still be read.
    pub fn answer(&self) -> io::Result<bool> {
        Ok(drain(&self.socket)? && !self.is_closed())
    }

    /// Whether the server has said that it has closed the connection. (One that died says nothing;
    /// its socket does.)
    fn is_closed(&self) -> bool {
        self.memory.state().load(Acquire) == CLOSED
    }

    /// Waits: spins first, then sleeps.
    pub fn wait(&mut self, want: Want, timeout: Option<Duration>) -> Woken {
        // The two halves are borrowed apart from the spinning.
        let (replies, requests) = (&self.replies, &self.requests);
        let ready = || match want {
            Want::Bytes => replies.has_bytes(),
            Want::Room => requests.has_room(),
        };
        if self.spin.wait(ready) {
            return Woken::Ready;
        }
        self.sleep(want, timeout)
    }

    fn sleep(&self, want: Want, timeout: Option<Duration>) -> Woken {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let armed = match want {
                Want::Bytes => self.replies.arm(FUTEX),
                Want::Room => self.requests.arm(FUTEX),
            };
            if !armed {
                return Woken::Ready;
            }
            if self.is_closed() {
                return self.ended(want);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            sleep(&self.wait_line(want).word, left.map_or(SLICE, |left| left.min(SLICE)));
            self.disarm(want);
            if self.is_ready(want) {
                return Woken::Ready;
            }
            if !drain(&self.socket).unwrap_or(false) || self.is_closed() {
                return self.ended(want);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Woken::TimedOut;
            }
        }
    }

    /// The server has closed or is gone. What it wrote before that counts.
    fn ended(&self, want: Want) -> Woken {
        self.disarm(want);
        if want == Want::Bytes && self.is_ready(want) { Woken::Ready } else { Woken::Closed }
    }

    fn wait_line(&self, want: Want) -> &WaitLine {
        match want {
            Want::Bytes => &self.replies.area().control().consumer_waits,
            Want::Room => &self.requests.area().control().producer_waits,
        }
    }

    fn disarm(&self, want: Want) {
        match want {
            Want::Bytes => self.replies.disarm(),
            Want::Room => self.requests.disarm(),
        }
    }
}

impl Read for Client {
    /// 0: the server has closed the connection.
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.try_read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            if self.nonblocking {
                let open = self.answer()?;
                match self.try_read(out)? {
                    0 if open => return Err(io::ErrorKind::WouldBlock.into()),
                    count => return Ok(count),
                }
            }
            match self.wait(Want::Bytes, self.read_timeout) {
                Woken::Ready => {}
                Woken::Closed => return Ok(0),
                Woken::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }
}

impl Write for Client {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if self.is_closed() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let count = self.try_write(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            if self.nonblocking {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            match self.wait(Want::Room, self.write_timeout) {
                Woken::Ready => {}
                Woken::Closed => return Err(io::ErrorKind::BrokenPipe.into()),
                Woken::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }

    /// Nothing is held back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("socket", &self.socket).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
