//! Listening for connections.

use crate::verbs::{Channel, Event, Id, explained};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};

/// A port that is listened on. Its descriptor is readable when somebody wants to connect.
pub struct Listener {
    /// None once it does not listen any more.
    id: Mutex<Option<Id>>,
    channel: Arc<Channel>,
    address: SocketAddr,
}

/// Somebody who wants to connect.
pub struct Request {
    pub(crate) id: Id,
    /// What was said with the request. The connection manager rounds its length up with zeros.
    pub words: Vec<u8>,
}

impl Listener {
    /// Listens at an address; an IPv6 address takes no IPv4 clients. `backlog` requests may wait.
    ///
    /// # Errors
    /// If there is no RDMA, no device has the address, or the port is taken.
    pub fn bind(at: SocketAddr, backlog: i32) -> io::Result<Listener> {
        if crate::devices()? == 0 {
            let why = "no RDMA device: `rdma link show` would list it";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        let channel = Channel::open()?;
        let id = Id::new(&channel)?;
        id.listen(at, backlog).map_err(|error| explained("no RDMA at this address", error))?;
        let address = match (at.port(), id.source()) {
            (0, Some(bound)) => SocketAddr::new(at.ip(), bound.port()),
            _ => at,
        };
        Ok(Listener { id: Mutex::new(Some(id)), channel, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next who wants to connect; `None` if nobody does.
    ///
    /// # Errors
    /// If the connection manager does not answer.
    pub fn next(&self) -> io::Result<Option<Request>> {
        while let Some(event) = self.channel.next()? {
            if let Event { request: Some(id), words, .. } = event {
                return Ok(Some(Request { id, words }));
            }
        }
        Ok(None)
    }

    /// Stops listening now, whoever still holds the listener: its port is free for others.
    pub fn stop(&self) {
        *self.id.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Request {
    /// The address of who wants to connect.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.id.destination()
    }

    /// Refuses.
    pub fn reject(self) {
        self.id.reject();
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}
