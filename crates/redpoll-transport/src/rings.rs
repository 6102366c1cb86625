//! A stream of a Unix socket that has gone over to shared memory.

use crate::Arrival;
use redpoll_shm::{Channel, bell, handshake};
use rustix::net::sockopt;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Who is at the other end, as the kernel says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The process that has connected; 0 if it cannot be seen from here.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
}

/// Why a stream has not gone over.
#[derive(Debug)]
pub enum OpenError {
    /// The client has not been told anything yet, and can be told this.
    Unsent(io::Error),
    /// The answer did not go out whole: the stream is of no use any more.
    Broken(io::Error),
}

/// The rings, and what the socket has said since.
#[derive(Debug)]
pub struct Rings {
    channel: Channel,
    peer: Peer,
    /// The client has closed the socket: so many bytes may still be read that it has left.
    left: Option<usize>,
}

impl Rings {
    /// Makes the memory, and answers the client with its descriptor.
    pub(crate) fn open(socket: BorrowedFd<'_>, size: usize) -> Result<Rings, OpenError> {
        let (channel, memory) = Channel::create(size).map_err(OpenError::Unsent)?;
        let credentials = sockopt::socket_peercred(socket);
        let peer = credentials.map_or(Peer::default(), |peer| Peer {
            pid: peer.pid.as_raw_nonzero().get(),
            uid: peer.uid.as_raw(),
        });
        let layout = channel.memory().layout();
        let answer = handshake::answer(layout.len, layout.requests.size);
        handshake::send(socket, &answer, memory.as_fd()).map_err(OpenError::Broken)?;
        Ok(Rings { channel, peer, left: None })
    }

    /// Bytes of the memory.
    pub fn memory_bytes(&self) -> usize {
        self.channel.memory().len()
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Whether there is something to read.
    #[inline]
    pub fn has_bytes(&self) -> bool {
        self.channel.has_bytes() || self.left.is_some()
    }

    /// Whether something can be written.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.channel.has_room()
    }

    /// Whether the client has closed the socket.
    pub fn is_gone(&self) -> bool {
        self.left.is_some()
    }

    /// Says that nobody will look at the rings until the socket is readable. False: there is
    /// something already.
    pub fn sleep(&self, wants_bytes: bool, wants_room: bool) -> bool {
        self.left.is_none() && self.channel.sleep(wants_bytes, wants_room)
    }

    /// Says that they are looked at again.
    pub fn wake_up(&self) {
        self.channel.wake_up();
    }

    /// How often the client was woken.
    pub fn wakes(&self) -> u64 {
        self.channel.rung()
    }

    pub(crate) fn answer(&mut self, socket: BorrowedFd<'_>, hung_up: bool) {
        // The bytes come before the end, and each arrival is told once: so the end is taken from
        // what the poller says, and not looked for behind the bytes.
        if self.left.is_none() && (hung_up || !bell::drain(socket).unwrap_or(false)) {
            // It is gone, or goes. What it has asked for before that is done still, but no more
            // than the ring held then: the memory is still there to be written to.
            self.left = Some(self.channel.memory().layout().requests.size);
        }
    }

    #[inline]
    pub(crate) fn read(
        &mut self,
        socket: BorrowedFd<'_>,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Arrival> {
        let count = self.channel.read(buffer, socket)?;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(count);
            if count == 0 || *left == 0 {
                return Ok(Arrival::End);
            }
        } else if count == 0 {
            return Ok(Arrival::Nothing);
        }
        Ok(Arrival::Bytes { count, more: self.has_bytes() })
    }

    #[inline]
    pub(crate) fn write(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.channel.write(bytes, socket)?)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Unsent(error) => write!(f, "shared memory cannot be made: {error}"),
            OpenError::Broken(error) => write!(f, "the answer to SHM.OPEN cannot be sent: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}
