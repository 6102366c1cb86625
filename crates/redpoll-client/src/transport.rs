//! Where bytes come from and go to.
//!
//! [`Transport`] is the seam at which other carriers than sockets join: anything that reads,
//! writes and can be shared between a reading and a writing thread. It names no address and no
//! handshake, so that a TLS session is made by its own constructor and handed to
//! [`Connection::over`](crate::Connection::over). Shared memory begins as a Unix socket, which is
//! asked to go over to it once it is logged in ([`Transport::open_rings`]).

use crate::rdma::RdmaTransport;
use crate::rings::Rings;
use crate::tls::TlsTransport;
use redpoll_shm::{Client, Opened};
use redpoll_transport::dial;
use redpoll_transport::tls::Client as Tls;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A carrier of bytes in both directions.
///
/// A clone made by [`duplicate`](Transport::duplicate) names the same connection. One thread may
/// read through one of them while another writes through the other; two readers or two writers
/// at once are not supported.
pub trait Transport: Read + Write + Send {
    /// Another handle of the same connection.
    fn duplicate(&self) -> io::Result<Box<dyn Transport>>;

    /// Bounds every later read; `None` waits for ever. A read that runs out of time fails with
    /// [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`].
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Bounds every later write, as [`set_read_timeout`](Transport::set_read_timeout) does reads.
    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Switches between waiting and failing with [`io::ErrorKind::WouldBlock`].
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;

    /// Ends the connection for every handle; a read that waits in another thread returns.
    fn shutdown(&self) -> io::Result<()>;

    /// A descriptor that is readable when a read would not wait, for `poll`. A transport without
    /// one answers `None`, and callers fall back to reads with a short timeout.
    fn poll_fd(&self) -> Option<BorrowedFd<'_>>;

    /// What it is, in a word.
    fn name(&self) -> &'static str;

    /// Goes over to shared memory, if this is a Unix socket and the server is willing; no reply
    /// must be outstanding. `ring` is a wish for the size of the rings. If it is refused, the
    /// transport goes on as it is, and says why.
    fn open_rings(self: Box<Self>, ring: Option<usize>) -> io::Result<Upgraded>;

    /// The rings themselves, if this is shared memory and has no second handle: event loops wait
    /// for them in their own way. Everything else stays as it is.
    fn into_rings(self: Box<Self>) -> Result<Box<Client>, Box<dyn Transport>>;
}

/// A transport that was asked to go over to shared memory.
pub struct Upgraded {
    /// The one to go on with.
    pub transport: Box<dyn Transport>,
    /// Why it is not shared memory, if it is not.
    pub refusal: Option<String>,
}

impl Upgraded {
    /// One that stays as it is.
    pub(crate) fn refused(transport: Box<dyn Transport>, why: String) -> Self {
        Upgraded { transport, refusal: Some(why) }
    }
}

/// Why everything but a Unix socket stays as it is.
pub(crate) const NO_UNIX_SOCKET: &str = "shared memory needs the server's Unix socket";

/// The socket calls of TCP and Unix streams have the same names but no common trait in `std`.
macro_rules! socket_transport {
    ($stream:ty, $name:literal, $upgrade:expr) => {
        impl Transport for $stream {
            fn duplicate(&self) -> io::Result<Box<dyn Transport>> {
                Ok(Box::new(self.try_clone()?))
            }
            fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                <$stream>::set_read_timeout(self, timeout)
            }
            fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                <$stream>::set_write_timeout(self, timeout)
            }
            fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                <$stream>::set_nonblocking(self, nonblocking)
            }
            fn shutdown(&self) -> io::Result<()> {
                <$stream>::shutdown(self, Shutdown::Both)
            }
            fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
                Some(self.as_fd())
            }
            fn name(&self) -> &'static str {
                $name
            }
            fn open_rings(self: Box<Self>, ring: Option<usize>) -> io::Result<Upgraded> {
                $upgrade(self, ring)
            }
            fn into_rings(self: Box<Self>) -> Result<Box<Client>, Box<dyn Transport>> {
                Err(self)
            }
        }
    };
}

socket_transport!(TcpStream, "tcp", |stream: Box<TcpStream>, _| {
    Ok(Upgraded::refused(stream, NO_UNIX_SOCKET.to_owned()))
});
socket_transport!(UnixStream, "unix", |stream: Box<UnixStream>, ring| {
    Ok(match Client::open(*stream, ring)? {
        Opened::Rings(client) => {
            Upgraded { transport: Box::new(Rings::from(client)), refusal: None }
        }
        Opened::Refused(stream, why) => Upgraded::refused(Box::new(stream), why),
    })
});

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A host name, an IPv4 or an IPv6 address (without brackets), and a port.
    Tcp {
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// A host as above, and a port that is listened on over RDMA.
    Rdma {
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
    },
}

impl Endpoint {
    /// A TCP endpoint.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp { host: host.into(), port }
    }

    /// Connects a socket. `timeout` bounds the whole attempt over all addresses of a name, except
    /// the time the resolver takes. Fails with the error of the last address tried.
    pub fn connect(&self, timeout: Option<Duration>) -> io::Result<Box<dyn Transport>> {
        match self {
            Self::Tcp { host, port } => Ok(Box::new(connect_tcp(host, *port, None, timeout)?)),
            // A Unix socket connects at once or fails; there is nothing to bound.
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path)?)),
            Self::Rdma { host, port } => {
                Ok(Box::new(RdmaTransport::connect(host, *port, timeout)?))
            }
        }
    }

    /// As [`connect`](Self::connect), with TLS over TCP; `timeout` bounds connecting, and the
    /// handshake again. Over a Unix socket there is none, nor over RDMA.
    pub fn connect_tls(
        &self,
        timeout: Option<Duration>,
        tls: &Tls,
    ) -> io::Result<Box<dyn Transport>> {
        match self {
            Self::Tcp { host, port } => {
                let socket = connect_tcp(host, *port, None, timeout)?;
                Ok(Box::new(TlsTransport::open(socket, tls, host, timeout)?))
            }
            Self::Unix(_) | Self::Rdma { .. } => self.connect(timeout),
        }
    }

    /// Connects from an address of this host if one is given, and with TLS if that is. A Unix
    /// socket has neither, nor has RDMA.
    pub fn connect_from(
        &self,
        source: Option<IpAddr>,
        timeout: Duration,
        tls: Option<&Tls>,
    ) -> io::Result<Box<dyn Transport>> {
        let Self::Tcp { host, port } = self else { return self.connect(Some(timeout)) };
        let socket = connect_tcp(host, *port, source, Some(timeout))?;
        Ok(match tls {
            Some(tls) => Box::new(TlsTransport::open(socket, tls, host, Some(timeout))?),
            None => Box::new(socket),
        })
    }
}

impl fmt::Display for Endpoint {
    /// `host:port`, `[v6]:port` or the socket's path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } | Self::Rdma { host, port } if host.contains(':') => {
                write!(f, "[{host}]:{port}")
            }
            Self::Tcp { host, port } | Self::Rdma { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The addresses of a name. One of both families is reached over IPv4 first, as existing clients
/// do: servers that listen on 127.0.0.1 only are the common case.
pub(crate) fn addresses_of(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

fn connect_tcp(
    host: &str,
    port: u16,
    source: Option<IpAddr>,
    timeout: Option<Duration>,
) -> io::Result<TcpStream> {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let addresses = addresses_of(host, port)?;
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "Name or service not known");
    for address in addresses {
        let attempt = match deadline {
            None => TcpStream::connect(address),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                // A zero timeout is refused as an argument; the least one means the same.
                dial(address, source, left.max(Duration::from_millis(1)))
            }
        };
        match attempt {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn endpoints_print_as_people_write_them() {
        assert_eq!(Endpoint::tcp("localhost", 1).to_string(), "localhost:1");
        assert_eq!(Endpoint::tcp("::1", 1).to_string(), "[::1]:1");
        assert_eq!(Endpoint::Unix("/tmp/s".into()).to_string(), "/tmp/s");
    }

    #[test]
    fn a_duplicate_names_the_same_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut ours =
            Endpoint::tcp("127.0.0.1", port).connect(Some(Duration::from_secs(5))).unwrap();
        let (mut theirs, _) = listener.accept().unwrap();
        let mut twin = ours.duplicate().unwrap();
        twin.write_all(b"hi").unwrap();
        let mut seen = [0; 2];
        theirs.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, b"hi");
        twin.shutdown().unwrap();
        assert_eq!(ours.read(&mut seen).unwrap(), 0);
    }

    #[test]
    fn a_closed_port_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let failure = Endpoint::tcp("127.0.0.1", port).connect(None).err().unwrap();
        assert_eq!(failure.kind(), io::ErrorKind::ConnectionRefused);
    }
}
