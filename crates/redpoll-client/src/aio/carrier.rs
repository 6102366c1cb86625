//! What carries the bytes, without waiting.

use crate::transport::Transport;
use redpoll_shm::{Client, Want};
use std::io;
use std::os::fd::OwnedFd;

/// See the module's head.
pub enum Carrier {
    /// Shared memory; the socket only rings.
    Rings(Box<Client>),
    /// A socket, with TLS or without.
    Stream(Box<dyn Transport>),
}

/// What reading has given.
pub enum Arrival {
    /// So many bytes.
    Bytes(usize),
    /// None, for now.
    Nothing,
    /// None, and none will come.
    End,
}

impl Carrier {
    /// A transport, and another handle of its descriptor, which tells when to look.
    pub fn new(transport: Box<dyn Transport>) -> io::Result<(Self, OwnedFd)> {
        match transport.into_rings() {
            Ok(client) => {
                let descriptor = client.link().socket().try_clone()?.into();
                Ok((Carrier::Rings(client), descriptor))
            }
            Err(stream) => {
                let Some(descriptor) = stream.poll_fd() else {
                    return Err(io::ErrorKind::Unsupported.into());
                };
                let descriptor = descriptor.try_clone_to_owned()?;
                stream.set_nonblocking(true)?;
                Ok((Carrier::Stream(stream), descriptor))
            }
        }
    }

    /// Writes what there is room for.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Carrier::Rings(client) => client.try_write(bytes),
            Carrier::Stream(stream) => match waits(stream.write(bytes))? {
                Some(0) => Err(io::ErrorKind::WriteZero.into()),
                count => Ok(count.unwrap_or(0)),
            },
        }
    }

    /// Reads what there is. Rings have no end that can be read: see [`answer`](Self::answer).
    pub fn read(&mut self, out: &mut [u8]) -> io::Result<Arrival> {
        match self {
            Carrier::Rings(client) => Ok(match client.try_read(out)? {
                0 => Arrival::Nothing,
                count => Arrival::Bytes(count),
            }),
            Carrier::Stream(stream) => Ok(match waits(stream.read(out))? {
                None => Arrival::Nothing,
                Some(0) => Arrival::End,
                Some(count) => Arrival::Bytes(count),
            }),
        }
    }

    /// Takes note that the descriptor is readable. False: rings will bring nothing more than what
    /// is in them.
    pub fn answer(&self) -> io::Result<bool> {
        match self {
            Carrier::Rings(client) => client.link().answer(),
            Carrier::Stream(_) => Ok(true),
        }
    }

    /// Makes sure that the descriptor becomes readable once there is something to read, or room to
    /// write if that is wanted. False: look first. A stream's descriptor always does.
    pub fn arm(&self, wants_room: bool) -> bool {
        match self {
            Carrier::Rings(client) => {
                client.arm(Want::Bytes) && (!wants_room || client.arm(Want::Room))
            }
            Carrier::Stream(_) => true,
        }
    }
}

/// Sorts failures out that mean to try again.
fn waits(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
