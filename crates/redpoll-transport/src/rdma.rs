//! Streams that a network card carries (RDMA).

use crate::stream::{Address, Stream};
use redpoll_rdma::{Link, Listener, Settings, remote};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A port that is listened on over RDMA.
#[derive(Debug)]
pub struct RdmaListener {
    pub(crate) listener: Listener,
    settings: Settings,
}

impl RdmaListener {
    pub(crate) fn bind(at: SocketAddr, backlog: i32, settings: Settings) -> io::Result<Self> {
        Ok(RdmaListener { listener: Listener::bind(at, backlog)?, settings })
    }

    /// The next connection. Those who come to read memory that is offered to them are let in on
    /// the way; they are no clients. If one fails, that is said as an abortion of its own: the next
    /// may be asked for.
    pub(crate) fn accept(&self) -> io::Result<Option<Stream>> {
        let aborted =
            |error: io::Error| io::Error::new(io::ErrorKind::ConnectionAborted, error.to_string());
        while let Some(request) = self.listener.next()? {
            if let Some(request) = remote::admit(request).map_err(aborted)? {
                let link = Link::accept(request, &self.settings).map_err(aborted)?;
                return Ok(Some(Stream::from(link)));
            }
        }
        Ok(None)
    }
}

/// Connects to a server over RDMA.
///
/// # Errors
/// If there is no RDMA on this machine, or nobody accepts within `patience`.
pub fn dial_rdma(to: SocketAddr, patience: Duration) -> io::Result<Stream> {
    Link::connect(to, &Settings::default(), patience).map(Stream::from)
}

/// Where a link comes from and goes to.
pub(crate) fn address(link: &Link) -> Address {
    let text = |address: Option<SocketAddr>| {
        address.map_or_else(|| "?:0".to_owned(), |address| address.to_string())
    };
    Address {
        peer: text(link.peer_address()),
        local: text(link.own_address()),
        unix: false,
        rdma: true,
        // The other end says itself where it is, so that nobody may be let in for that.
        loopback: false,
    }
}
