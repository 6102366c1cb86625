//! A connection with TLS, as a [`Transport`].
//!
//! Two threads may use it, one that reads and one that writes, and a session of TLS is one state
//! for both. So the socket never blocks: who must wait polls it without holding the session.

use crate::transport::{NO_UNIX_SOCKET, Transport, Upgraded};
use crate::waits::{Waits, hand_over, lock};
use redpoll_transport::tls::Client;
use redpoll_transport::{Arrival, Stream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// See the module's head.
pub struct TlsTransport(Arc<Shared>);

struct Shared {
    /// Another handle of the session's socket, to wait for it.
    socket: TcpStream,
    session: Mutex<Session>,
    waits: Waits,
}

struct Session {
    stream: Stream,
    /// Bytes that have arrived and for which the reader had no room.
    arrived: Vec<u8>,
}

/// Waits until the socket is as wanted. Runs out of time as a blocking socket does.
fn wait(socket: &TcpStream, flags: PollFlags, timeout: Option<Duration>) -> io::Result<()> {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    loop {
        let left = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
        });
        match poll(&mut [PollFd::new(socket, flags)], left.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::WouldBlock.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl TlsTransport {
    /// Does the handshake with `host` over a connection that is there; `timeout` bounds it.
    ///
    /// # Errors
    /// If the server is not trusted, does not trust us, or does not speak TLS.
    pub fn open(
        socket: TcpStream,
        tls: &Client,
        host: &str,
        timeout: Option<Duration>,
    ) -> io::Result<Self> {
        let failed = |error: &dyn std::fmt::Display| {
            io::Error::other(format!("SSL_connect failed: {error}"))
        };
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        socket.set_nonblocking(true)?;
        let stream = Stream::from(socket.try_clone()?);
        let mut stream = tls.connect(stream, host).map_err(|error| failed(&error))?;
        while !stream.handshake().map_err(|error| failed(&error))? {
            let flags =
                if stream.pending() > 0 { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            wait(&socket, flags, left).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
                _ => error,
            })?;
        }
        Ok(TlsTransport(Arc::new(Shared {
            socket,
            session: Mutex::new(Session { stream, arrived: Vec::new() }),
            waits: Waits::default(),
        })))
    }

    /// Waits for the socket, or says at once that it would have to.
    fn wait(&self, flags: PollFlags, timeout: Option<Duration>) -> io::Result<()> {
        if self.0.waits.never() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        wait(&self.0.socket, flags, timeout)
    }
}

impl Read for TlsTransport {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut session = lock(&self.0.session);
            let Session { stream, arrived } = &mut *session;
            if arrived.is_empty() {
                arrived.reserve(1);
                match stream.read(arrived)? {
                    Arrival::End => return Ok(0),
                    Arrival::Bytes { count: 1.., .. } => {}
                    Arrival::Bytes { .. } => continue,
                    Arrival::Nothing => {
                        drop(session);
                        let timeout = self.0.waits.read();
                        self.wait(PollFlags::IN, timeout)?;
                        continue;
                    }
                }
            }
            return Ok(hand_over(arrived, into));
        }
    }
}

impl Write for TlsTransport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let count = lock(&self.0.session).stream.write(bytes)?;
            if count > 0 {
                // What is taken over must also leave: nobody may write for a while.
                return self.flush().map(|()| count);
            }
            let timeout = self.0.waits.write();
            self.wait(PollFlags::OUT, timeout)?;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        loop {
            let mut session = lock(&self.0.session);
            session.stream.flush()?;
            if session.stream.pending() == 0 {
                return Ok(());
            }
            drop(session);
            let timeout = self.0.waits.write();
            wait(&self.0.socket, PollFlags::OUT, timeout)?;
        }
    }
}

impl Transport for TlsTransport {
    fn duplicate(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(TlsTransport(Arc::clone(&self.0))))
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
        self.0.socket.shutdown(Shutdown::Both)
    }

    fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.socket.as_fd())
    }

    fn name(&self) -> &'static str {
        "tls"
    }

    fn open_rings(self: Box<Self>, _ring: Option<usize>) -> io::Result<Upgraded> {
        Ok(Upgraded::refused(self, NO_UNIX_SOCKET.to_owned()))
    }

    fn into_rings(self: Box<Self>) -> Result<Box<redpoll_shm::Client>, Box<dyn Transport>> {
        Err(self)
    }
}
