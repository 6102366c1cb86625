//! A connection over RDMA, as a [`Transport`].
//!
//! Two threads may use it, one that reads and one that writes, and the link is one state for both:
//! who must wait does so without holding it, and not for long, as the other may take note of what
//! both wait for.

use crate::transport::{NO_UNIX_SOCKET, Transport, Upgraded, addresses_of};
use crate::waits::{Waits, hand_over, lock};
use redpoll_transport::{Arrival, Stream, dial_rdma};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long to try to connect where nothing is said; the connection manager has no end of its own.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before looking for oneself, where somebody else may have taken note.
const NAP: Duration = Duration::from_millis(5);
/// How long what was written last may take to arrive when the connection is closed.
const LINGER: Duration = Duration::from_secs(1);

/// See the module's head.
pub struct RdmaTransport(Arc<Shared>);

struct Shared {
    /// Another handle of what tells that something has happened.
    descriptor: OwnedFd,
    state: Mutex<State>,
    waits: Waits,
}

struct State {
    stream: Stream,
    /// Bytes that have arrived and for which the reader had no room.
    arrived: Vec<u8>,
    /// It was ended by this side.
    shut: bool,
}

impl RdmaTransport {
    /// Connects to the first address of a name that answers.
    ///
    /// # Errors
    /// If none does, or there is no RDMA here.
    pub fn connect(host: &str, port: u16, timeout: Option<Duration>) -> io::Result<Self> {
        let deadline = Instant::now() + timeout.unwrap_or(PATIENCE);
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "Name or service not known");
        for address in addresses_of(host, port)? {
            match dial_rdma(address, deadline.saturating_duration_since(Instant::now())) {
                Ok(stream) => {
                    let descriptor = stream.as_fd().try_clone_to_owned()?;
                    let state = State { stream, arrived: Vec::new(), shut: false };
                    return Ok(RdmaTransport(Arc::new(Shared {
                        descriptor,
                        state: Mutex::new(state),
                        waits: Waits::default(),
                    })));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Waits a little for something to happen; or says that the time is over, or that it would have
    /// to wait.
    fn wait(&self, since: Instant, timeout: Option<Duration>) -> io::Result<()> {
        let over = timeout.is_some_and(|timeout| since.elapsed() >= timeout);
        if over || self.0.waits.never() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let left = timeout.map_or(NAP, |timeout| NAP.min(timeout.saturating_sub(since.elapsed())));
        let left = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&self.0.descriptor, PollFlags::IN)], Some(&left)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for RdmaTransport {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let since = Instant::now();
        loop {
            let mut state = lock(&self.0.state);
            let State { stream, arrived, shut } = &mut *state;
            if arrived.is_empty() {
                if !stream.has_buffered() {
                    stream.stir();
                }
                arrived.reserve(into.len().max(1));
                match stream.read(arrived)? {
                    _ if *shut => return Ok(0),
                    Arrival::End => return Ok(0),
                    Arrival::Bytes { count: 1.., .. } => {}
                    Arrival::Bytes { .. } | Arrival::Nothing => {
                        drop(state);
                        let timeout = self.0.waits.read();
                        self.wait(since, timeout)?;
                        continue;
                    }
                }
            }
            return Ok(hand_over(arrived, into));
        }
    }
}

impl Write for RdmaTransport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let since = Instant::now();
        loop {
            let mut state = lock(&self.0.state);
            if state.shut {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let mut count = state.stream.write(bytes)?;
            if count == 0 {
                state.stream.stir();
                count = state.stream.write(bytes)?;
            }
            drop(state);
            if count > 0 {
                return Ok(count);
            }
            let timeout = self.0.waits.write();
            self.wait(since, timeout)?;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for RdmaTransport {
    fn duplicate(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(RdmaTransport(Arc::clone(&self.0))))
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.waits.set_read(timeout);
        Ok(())
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.waits.set_write(timeout);
        Ok(())
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.waits.set_never(nonblocking);
        Ok(())
    }

    fn shutdown(&self) -> io::Result<()> {
        lock(&self.0.state).shut = true;
        Ok(())
    }

    /// None: what the descriptor tells of may have been taken note of by a write.
    fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn name(&self) -> &'static str {
        "rdma"
    }

    fn open_rings(self: Box<Self>, _ring: Option<usize>) -> io::Result<Upgraded> {
        Ok(Upgraded::refused(self, NO_UNIX_SOCKET.to_owned()))
    }

    fn into_rings(self: Box<Self>) -> Result<Box<redpoll_shm::Client>, Box<dyn Transport>> {
        Err(self)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The program may end right after this.
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.stream.settle(LINGER);
    }
}
