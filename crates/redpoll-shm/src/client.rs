//! The client's side of a connection.
//!
//! A [`Client`] is a [`Sender`] and a [`Receiver`]; each may live on a thread of its own
//! ([`Client::split`]), and any number of handles ([`Link`]) may set timeouts or end the
//! connection.

use crate::bell::{Doorbell, drain, sleep, wake_futex};
use crate::handshake::{self, Answer};
use crate::layout::CLOSED;
use crate::memory::{Half, Memory};
use crate::ring::{AWAKE, Area, Consumer, FUTEX, Fill, Producer, SOCKET, WaitLine};
use crate::spin::Spin;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use std::time::{Duration, Instant};

/// How long a client spins before it sleeps, unless it is told otherwise.
pub const SPIN: Duration = Duration::from_micros(50);
/// So many times that while the server wakes up, which takes some 30 to 100 µs.
const SPIN_WAKING: u32 = 4;
/// How long it sleeps before it looks whether the server is still there.
const SLICE: Duration = Duration::from_millis(250);

/// What has come of asking for the memory.
#[derive(Debug)]
pub enum Opened {
    /// Bytes run through the rings from now on.
    Rings(Box<Client>),
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

/// What sender and receiver share: the socket, the memory, and how they wait.
pub struct Link {
    socket: UnixStream,
    memory: Arc<Memory>,
    /// Nanoseconds; 0 waits for ever.
    read_timeout: AtomicU64,
    write_timeout: AtomicU64,
    nonblocking: AtomicBool,
    /// The server had to be woken for what was sent last.
    has_rung: AtomicBool,
}

impl Link {
    /// Bounds every later read; `None` waits for ever.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) {
        self.read_timeout.store(nanos(timeout), Relaxed);
    }

    /// Bounds every later write; `None` waits for ever.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) {
        self.write_timeout.store(nanos(timeout), Relaxed);
    }

    /// Whether reads and writes fail with [`io::ErrorKind::WouldBlock`] instead of waiting.
    pub fn set_nonblocking(&self, nonblocking: bool) {
        self.nonblocking.store(nonblocking, Relaxed);
    }

    /// The socket. Readable means: the server has rung, or is gone; see [`Client::arm`].
    pub fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// The memory.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Ends the connection; whoever waits on another thread returns.
    pub fn shutdown(&self) -> io::Result<()> {
        let done = self.socket.shutdown(Shutdown::Both);
        for (ring, want) in
            [(self.memory.replies(), Want::Bytes), (self.memory.requests(), Want::Room)]
        {
            let word = &wait_line(&ring, want).word;
            if word.swap(AWAKE, AcqRel) == FUTEX {
                wake_futex(word);
            }
        }
        done
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

    fn timeout(&self, want: Want) -> Option<Duration> {
        let nanos = match want {
            Want::Bytes => &self.read_timeout,
            Want::Room => &self.write_timeout,
        };
        Some(nanos.load(Relaxed)).filter(|nanos| *nanos > 0).map(Duration::from_nanos)
    }
}

fn nanos(timeout: Option<Duration>) -> u64 {
    timeout.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1))
}

/// The word in which a client says that it waits for something of this ring.
fn wait_line(ring: &Half, want: Want) -> &WaitLine {
    match want {
        Want::Bytes => &ring.control().consumer_waits,
        Want::Room => &ring.control().producer_waits,
    }
}

/// What sender and receiver have in common: an end of a ring that can be waited for.
trait End {
    const WANT: Want;
    fn is_ready(&self) -> bool;
    fn arm(&self, how: u32) -> bool;
    fn disarm(&self);
    fn word(&self) -> &WaitLine;
}

impl End for Consumer<Half> {
    const WANT: Want = Want::Bytes;

    #[inline]
    fn is_ready(&self) -> bool {
        self.has_bytes()
    }

    fn arm(&self, how: u32) -> bool {
        Consumer::arm(self, how)
    }

    fn disarm(&self) {
        Consumer::disarm(self);
    }

    fn word(&self) -> &WaitLine {
        wait_line(self.area(), Want::Bytes)
    }
}

impl End for Producer<Half> {
    const WANT: Want = Want::Room;

    #[inline]
    fn is_ready(&self) -> bool {
        self.has_room()
    }

    fn arm(&self, how: u32) -> bool {
        Producer::arm(self, how)
    }

    fn disarm(&self) {
        Producer::disarm(self);
    }

    fn word(&self) -> &WaitLine {
        wait_line(self.area(), Want::Room)
    }
}

/// Waits for an end: spins first, then sleeps.
fn wait<E: End>(link: &Link, end: &E, spin: &mut Spin, timeout: Option<Duration>) -> Woken {
    if spin_for(link, spin, || end.is_ready()) {
        return Woken::Ready;
    }
    wait_asleep(link, end, timeout)
}

/// Spins; for longer if the server must wake first: to sleep as well would make the answer wait for
/// two sleepers, one after the other.
#[inline]
fn spin_for(link: &Link, spin: &mut Spin, is_there: impl Fn() -> bool) -> bool {
    let times = if link.has_rung.load(Relaxed) {
        link.has_rung.store(false, Relaxed);
        SPIN_WAKING
    } else {
        1
    };
    spin.wait_times(times, is_there)
}

fn wait_asleep<E: End>(link: &Link, end: &E, timeout: Option<Duration>) -> Woken {
    // The server has closed or is gone. What it wrote before that counts.
    let ended = || {
        end.disarm();
        if E::WANT == Want::Bytes && end.is_ready() { Woken::Ready } else { Woken::Closed }
    };
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        if !end.arm(FUTEX) {
            return Woken::Ready;
        }
        if link.is_closed() {
            return ended();
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        sleep(&end.word().word, left.map_or(SLICE, |left| left.min(SLICE)));
        end.disarm();
        if end.is_ready() {
            return Woken::Ready;
        }
        if !drain(&link.socket).unwrap_or(false) || link.is_closed() {
            return ended();
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Woken::TimedOut;
        }
    }
}

/// Sends requests.
pub struct Sender {
    link: Arc<Link>,
    ring: Producer<Half>,
    rung: Cell<u64>,
    spin: Spin,
}

impl Sender {
    /// Writes what there is room for, without waiting; wakes the server if it sleeps.
    #[inline]
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.rung.get();
        let bell = Doorbell::new(self.link.socket.as_fd(), &self.rung);
        let count = self.ring.write(bytes, &bell)?;
        if self.rung.get() != before {
            self.link.has_rung.store(true, Relaxed);
        }
        Ok(count)
    }

    /// Waits for room: spins first, then sleeps.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Woken {
        wait(&self.link, &self.ring, &mut self.spin, timeout)
    }

    /// See [`Client::arm`], for [`Want::Room`].
    pub fn arm(&self) -> bool {
        self.ring.arm(SOCKET)
    }

    /// What it shares with the receiver.
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }
}

impl Write for Sender {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if self.link.is_closed() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let count = self.try_write(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            if self.link.nonblocking.load(Relaxed) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let timeout = self.link.timeout(Want::Room);
            match wait(&self.link, &self.ring, &mut self.spin, timeout) {
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

/// Receives replies.
pub struct Receiver {
    link: Arc<Link>,
    ring: Consumer<Half>,
    rung: Cell<u64>,
    spin: Spin,
}

impl Receiver {
    /// Takes what replies there are, without waiting and without a system call, unless the server
    /// waits for room. 0: none now.
    #[inline]
    pub fn try_read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut out = Fill { slice: out, filled: 0 };
        let bell = Doorbell::new(self.link.socket.as_fd(), &self.rung);
        Ok(self.ring.read(&mut out, &bell)?)
    }

    /// The same, to the end of `out`, within its spare capacity.
    #[inline]
    pub fn try_append(&mut self, out: &mut Vec<u8>) -> io::Result<usize> {
        let bell = Doorbell::new(self.link.socket.as_fd(), &self.rung);
        Ok(self.ring.read(out, &bell)?)
    }

    /// Waits for replies: spins first, then sleeps.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Woken {
        wait(&self.link, &self.ring, &mut self.spin, timeout)
    }

    /// Spins for replies, and does not sleep. False: there are none yet.
    pub fn spin(&mut self) -> bool {
        let ring = &self.ring;
        spin_for(&self.link, &mut self.spin, || ring.has_bytes())
    }

    /// Whether there is something to read.
    pub fn is_ready(&self) -> bool {
        self.ring.has_bytes()
    }

    /// See [`Client::arm`], for [`Want::Bytes`].
    pub fn arm(&self) -> bool {
        self.ring.arm(SOCKET)
    }

    /// See [`Client::disarm`], for [`Want::Bytes`].
    pub fn disarm(&self) {
        self.ring.disarm();
    }

    /// How long to spin before sleeping.
    pub fn set_spin(&mut self, spin: Duration) {
        self.spin.set_budget(spin);
    }

    /// What it shares with the sender.
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }
}

impl Read for Receiver {
    /// 0: the server has closed the connection.
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.try_read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            if self.link.nonblocking.load(Relaxed) {
                let open = self.link.answer()?;
                match self.try_read(out)? {
                    0 if open => return Err(io::ErrorKind::WouldBlock.into()),
                    count => return Ok(count),
                }
            }
            let timeout = self.link.timeout(Want::Bytes);
            match wait(&self.link, &self.ring, &mut self.spin, timeout) {
                Woken::Ready => {}
                Woken::Closed => return Ok(0),
                Woken::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }
}

/// A connection through shared memory.
pub struct Client {
    sender: Sender,
    receiver: Receiver,
}

impl Client {
    /// Asks for the memory on a blocking socket that is authenticated and on which no reply is
    /// outstanding, and maps it. `ring` is the wish for rings of another size than the server's
    /// own.
    pub fn open(socket: UnixStream, ring: Option<usize>) -> io::Result<Opened> {
        (&socket).write_all(&handshake::request(ring))?;
        match handshake::receive(&socket)? {
            Answer::Refused(why) => Ok(Opened::Refused(socket, why)),
            Answer::Granted(fd) => {
                Ok(Opened::Rings(Box::new(Self::over(socket, Memory::open(&fd)?))))
            }
        }
    }

    /// Over a memory whose rings have not been used yet.
    pub fn over(socket: UnixStream, memory: Arc<Memory>) -> Client {
        let (requests, replies) = (memory.requests(), memory.replies());
        let link = Arc::new(Link {
            socket,
            memory,
            read_timeout: AtomicU64::new(0),
            write_timeout: AtomicU64::new(0),
            nonblocking: AtomicBool::new(false),
            has_rung: AtomicBool::new(false),
        });
        let spin = Spin::new(SPIN);
        Client {
            sender: Sender {
                link: Arc::clone(&link),
                ring: Producer::new(requests),
                rung: Cell::new(0),
                spin: spin.clone(),
            },
            receiver: Receiver { link, ring: Consumer::new(replies), rung: Cell::new(0), spin },
        }
    }

    /// Its halves, for two threads.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// What both halves share.
    pub fn link(&self) -> &Arc<Link> {
        &self.sender.link
    }

    /// How long to spin before sleeping; zero to sleep at once.
    pub fn set_spin(&mut self, spin: Duration) {
        self.sender.spin.set_budget(spin);
        self.receiver.spin.set_budget(spin);
    }

    /// How often the server had to be woken.
    pub fn rung(&self) -> u64 {
        self.sender.rung.get() + self.receiver.rung.get()
    }

    /// See [`Receiver::try_read`].
    #[inline]
    pub fn try_read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.receiver.try_read(out)
    }

    /// See [`Receiver::try_append`].
    #[inline]
    pub fn try_append(&mut self, out: &mut Vec<u8>) -> io::Result<usize> {
        self.receiver.try_append(out)
    }

    /// See [`Sender::try_write`].
    #[inline]
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sender.try_write(bytes)
    }

    /// Writes and reads what can be written and read; if that is nothing, waits until something
    /// can. So requests and replies of any size pass each other on one thread. (0, 0): the server
    /// has closed the connection.
    pub fn exchange(&mut self, bytes: &[u8], out: &mut [u8]) -> io::Result<(usize, usize)> {
        let deadline = self.link().timeout(Want::Bytes).map(|timeout| Instant::now() + timeout);
        loop {
            let moved = (self.try_write(bytes)?, self.try_read(out)?);
            if moved != (0, 0) {
                return Ok(moved);
            }
            let (requests, replies) = (&self.sender.ring, &self.receiver.ring);
            let wants_room = !bytes.is_empty();
            let ready = || replies.has_bytes() || (wants_room && requests.has_room());
            if spin_for(&self.sender.link, &mut self.receiver.spin, ready) {
                continue;
            }
            if !self.wait_for_bell(wants_room, deadline)? {
                return Ok((0, self.try_read(out)?));
            }
        }
    }

    /// Sleeps until the server rings. False: it has closed the connection.
    fn wait_for_bell(&self, wants_room: bool, deadline: Option<Instant>) -> io::Result<bool> {
        if !self.arm(Want::Bytes) || (wants_room && !self.arm(Want::Room)) {
            return Ok(true);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        });
        // Interrupted or not, the next thing is to look.
        let found = poll(&mut [PollFd::new(self, PollFlags::IN)], timeout.as_ref());
        if found == Ok(0) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.link().answer()
    }

    /// Whether it is there now.
    #[inline]
    pub fn is_ready(&self, want: Want) -> bool {
        match want {
            Want::Bytes => self.receiver.ring.has_bytes(),
            Want::Room => self.sender.ring.has_room(),
        }
    }

    /// For event loops: asks the server to make the socket readable once what is wanted is there.
    /// False: it is there already. Once the socket is readable, call [`Link::answer`], then read
    /// or write, and arm again when there is nothing more.
    pub fn arm(&self, want: Want) -> bool {
        match want {
            Want::Bytes => self.receiver.arm(),
            Want::Room => self.sender.arm(),
        }
    }

    /// Takes [`arm`](Self::arm) back: for those who look by themselves for a while, so that the
    /// server need not ring. It may have rung already.
    #[inline]
    pub fn disarm(&self, want: Want) {
        match want {
            Want::Bytes => self.receiver.disarm(),
            Want::Room => self.sender.ring.disarm(),
        }
    }

    /// Spins for what is wanted, and does not sleep. Whether it has come.
    pub fn spin(&mut self, want: Want) -> bool {
        let Client { sender, receiver } = self;
        match want {
            Want::Bytes => {
                spin_for(&receiver.link, &mut receiver.spin, || receiver.ring.has_bytes())
            }
            Want::Room => sender.spin.wait(|| sender.ring.has_room()),
        }
    }

    /// How many bytes of replies there have ever been, as the server says. Whoever reports edges
    /// and not levels sees by it that something new has come.
    pub fn announced(&self) -> u64 {
        self.receiver.ring.announced()
    }

    /// Ends it and gives the socket back, which stays open. None: somebody else has a handle.
    pub fn into_socket(self) -> Option<UnixStream> {
        let Client { sender, receiver } = self;
        let link = Arc::clone(&sender.link);
        drop((sender, receiver));
        Arc::into_inner(link).map(|link| link.socket)
    }

    /// Waits: spins first, then sleeps.
    pub fn wait(&mut self, want: Want, timeout: Option<Duration>) -> Woken {
        match want {
            Want::Bytes => self.receiver.wait(timeout),
            Want::Room => self.sender.wait(timeout),
        }
    }
}

impl Read for Client {
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.receiver.read(out)
    }
}

impl Write for Client {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sender.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link().socket.as_fd()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("socket", &self.link().socket).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
