//! A stream of a Unix socket that has gone over to shared memory.

use crate::Arrival;
use crate::peer::Peer;
use redpoll_shm::legacy::{self, Legacy};
use redpoll_shm::{Channel, bell, handshake};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Why a stream has not gone over.
#[derive(Debug)]
pub enum OpenError {
    /// The client has not been told anything yet, and can be told this.
    Unsent(io::Error),
    /// The same, of memory that the client has brought.
    Refused(legacy::Refusal),
    /// Nobody says whose connection it is.
    Stranger,
    /// The answer did not go out whole: the stream is of no use any more.
    Broken(io::Error),
}

/// What carries the bytes.
#[derive(Debug)]
enum Carrier {
    Sealed(Channel),
    /// That of the older protocol.
    Brought(Legacy),
}

/// The rings, and what the socket has said since.
#[derive(Debug)]
pub struct Rings {
    carrier: Carrier,
    peer: Peer,
    /// The client has closed the socket: so many bytes may still be read that it has left.
    left: Option<usize>,
}

impl Rings {
    /// Makes the memory, and answers the client with its descriptor.
    pub(crate) fn open(socket: BorrowedFd<'_>, size: usize) -> Result<Rings, OpenError> {
        let (channel, memory) = Channel::create(size).map_err(OpenError::Unsent)?;
        let peer = Peer::of_unix(socket).unwrap_or_default();
        let layout = channel.memory().layout();
        let answer = handshake::answer(layout.len, layout.requests.size);
        handshake::send(socket, &answer, memory.as_fd()).map_err(OpenError::Broken)?;
        Ok(Rings { carrier: Carrier::Sealed(channel), peer, left: None })
    }

    /// Opens the memory that a client of the older protocol has brought.
    pub(crate) fn open_legacy(name: &[u8], peer: Peer) -> Result<Rings, legacy::Refusal> {
        let legacy = Legacy::open(name, peer.uid)?;
        Ok(Rings { carrier: Carrier::Brought(legacy), peer, left: None })
    }

    /// Whether the client is one of the older protocol, who never rings.
    #[inline]
    pub fn is_legacy(&self) -> bool {
        matches!(self.carrier, Carrier::Brought(_))
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Whether there is something to read.
    #[inline]
    pub fn has_bytes(&self) -> bool {
        let has_bytes = match &self.carrier {
            Carrier::Sealed(channel) => channel.has_bytes(),
            Carrier::Brought(legacy) => legacy.has_bytes(),
        };
        has_bytes || self.left.is_some()
    }

    /// Whether something can be written.
    #[inline]
    pub fn has_room(&self) -> bool {
        match &self.carrier {
            Carrier::Sealed(channel) => channel.has_room(),
            Carrier::Brought(legacy) => legacy.has_room(),
        }
    }

    /// Whether the client has closed the socket.
    pub fn is_gone(&self) -> bool {
        self.left.is_some()
    }

    /// Says that nobody will look at the rings until the socket is readable. False: there is
    /// something already. A client of the older protocol is not told: it must be looked at now and
    /// then.
    pub fn sleep(&self, wants_bytes: bool, wants_room: bool) -> bool {
        self.left.is_none()
            && match &self.carrier {
                Carrier::Sealed(channel) => channel.sleep(wants_bytes, wants_room),
                Carrier::Brought(legacy) => {
                    !(wants_bytes && legacy.has_bytes() || wants_room && legacy.has_room())
                }
            }
    }

    /// Says that they are looked at again.
    pub fn wake_up(&self) {
        if let Carrier::Sealed(channel) = &self.carrier {
            channel.wake_up();
        }
    }

    /// How long ago the client last rang for a request; see [`Channel::rang_before`].
    pub fn rang_before(&self) -> Option<Duration> {
        match &self.carrier {
            Carrier::Sealed(channel) => channel.rang_before(),
            Carrier::Brought(_) => None,
        }
    }

    /// How often the client was woken.
    pub fn wakes(&self) -> u64 {
        match &self.carrier {
            Carrier::Sealed(channel) => channel.rung(),
            Carrier::Brought(_) => 0,
        }
    }

    pub(crate) fn answer(&mut self, socket: BorrowedFd<'_>, hung_up: bool) {
        // The bytes come before the end, and each arrival is told once: so the end is taken from
        // what the poller says, and not looked for behind the bytes.
        if self.left.is_none() && (hung_up || !bell::drain(socket).unwrap_or(false)) {
            // It is gone, or goes. What it has asked for before that is done still, but no more
            // than the ring held then: the memory is still there to be written to.
            self.left = Some(match &self.carrier {
                Carrier::Sealed(channel) => channel.memory().layout().requests.size,
                Carrier::Brought(_) => legacy::SIZE,
            });
        }
    }

    #[inline]
    pub(crate) fn read(
        &mut self,
        socket: BorrowedFd<'_>,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Arrival> {
        let count = match &mut self.carrier {
            Carrier::Sealed(channel) => channel.read(buffer, socket)?,
            Carrier::Brought(legacy) => legacy.read(buffer)?,
        };
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
        match &mut self.carrier {
            Carrier::Sealed(channel) => Ok(channel.write(bytes, socket)?),
            Carrier::Brought(legacy) => legacy.write(bytes),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Unsent(error) => write!(f, "shared memory cannot be made: {error}"),
            OpenError::Refused(refusal) => refusal.fmt(f),
            OpenError::Stranger => {
                write!(f, "shared memory is for clients on this host whose user can be told")
            }
            OpenError::Broken(error) => write!(f, "the answer to SHM.OPEN cannot be sent: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}
