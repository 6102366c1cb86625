//! Connections: opening one to the server, over a socket, with TLS, through shared memory or over
//! RDMA, and room for many.

use crate::skip::Skipper;
use redpoll_client::Tls;
use redpoll_shm::{Client, Opened, Want};
use redpoll_transport::{Arrival, Stream, dial_rdma};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{self, AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long to try to connect over RDMA.
const RDMA_PATIENCE: Duration = Duration::from_secs(10);

/// Where to connect to, with the name already looked up.
#[derive(Debug, Clone)]
pub enum Target {
    /// An address.
    Tcp(SocketAddr),
    /// An address where TLS is spoken, what that needs, and the host's name.
    Tls(SocketAddr, Tls, String),
    /// A Unix socket.
    Unix(SocketAddrUnix),
    /// Shared memory, by way of a Unix socket.
    Rings(SocketAddrUnix),
    /// An address that is reached over RDMA.
    Rdma(SocketAddr),
}

/// A connection that does not block.
pub enum Link {
    /// Bytes as they are.
    Plain(OwnedFd),
    /// TLS over TCP.
    Tls(Box<Stream>),
    /// Shared memory.
    Rings(Box<Client>),
    /// RDMA.
    Rdma(Box<Stream>),
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Link::Plain(socket) => socket.as_fd(),
            Link::Tls(stream) | Link::Rdma(stream) => stream.as_fd(),
            Link::Rings(client) => client.as_fd(),
        }
    }
}

impl Link {
    /// Sends what the kernel has room for; with TLS some of it may be
    /// [`pending`](Self::pending).
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Link::Plain(socket) => match net::send(socket, bytes, SendFlags::NOSIGNAL) {
                Ok(sent) => Ok(sent),
                // A connection that is still being made is not connected yet; it will be writable.
                Err(Errno::AGAIN | Errno::INTR | Errno::NOTCONN) => Ok(0),
                Err(error) => Err(error.into()),
            },
            Link::Tls(stream) => {
                stream.flush()?;
                if bytes.is_empty() { Ok(0) } else { stream.write(bytes) }
            }
            Link::Rings(client) => client.try_write(bytes),
            Link::Rdma(stream) => stream.write(bytes),
        }
    }

    /// Encrypted bytes that wait for the kernel.
    pub fn pending(&self) -> usize {
        match self {
            Link::Plain(_) | Link::Rings(_) | Link::Rdma(_) => 0,
            Link::Tls(stream) => stream.pending(),
        }
    }

    /// Appends what has arrived to `buffer`. A plain socket is reported again while it has more.
    pub fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<Arrival> {
        match self {
            Link::Plain(socket) => match rustix::io::read(socket, spare_capacity(buffer)) {
                Ok(0) => Ok(Arrival::End),
                Ok(count) => Ok(Arrival::Bytes { count, more: false }),
                Err(Errno::AGAIN | Errno::INTR) => Ok(Arrival::Nothing),
                Err(error) => Err(error.into()),
            },
            Link::Tls(stream) | Link::Rdma(stream) => stream.read(buffer),
            Link::Rings(client) => match client.try_append(buffer)? {
                0 => Ok(Arrival::Nothing),
                count => Ok(Arrival::Bytes { count, more: false }),
            },
        }
    }

    /// Whether shared memory has something to read, or room for what waits to be written.
    #[inline]
    pub fn has_news(&self, unsent: bool) -> bool {
        match self {
            Link::Rings(client) => {
                client.is_ready(Want::Bytes) || (unsent && client.is_ready(Want::Room))
            }
            _ => false,
        }
    }

    /// Whether the descriptor says no more than that something has happened: that is taken note of
    /// then, and both directions are to be looked at.
    #[inline]
    pub fn stir(&mut self) -> bool {
        match self {
            Link::Rdma(stream) => stream.stir(),
            _ => false,
        }
    }

    /// Asks the server to make the descriptor readable once [`has_news`](Self::has_news) would be
    /// true. False: it is already.
    pub fn arm(&self, unsent: bool) -> bool {
        match self {
            Link::Rings(client) => client.arm(Want::Bytes) && (!unsent || client.arm(Want::Room)),
            _ => true,
        }
    }

    /// Takes what made the descriptor readable. False: the server has closed the connection.
    pub fn answer(&self) -> io::Result<bool> {
        match self {
            Link::Rings(client) => client.link().answer(),
            _ => Ok(true),
        }
    }
}

/// Opens a connection that goes through shared memory: sends the opening, and asks for it when its
/// replies are in.
pub fn open_rings(path: &SocketAddrUnix, opening: &(Vec<u8>, usize)) -> io::Result<Link> {
    let socket =
        net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    net::connect(&socket, path)?;
    let mut socket = UnixStream::from(socket);
    socket.write_all(&opening.0)?;
    let (mut skipper, mut missing) = (Skipper::new(), opening.1);
    let mut bytes = [0; 4096];
    while missing > 0 {
        let count = socket.read(&mut bytes)?;
        let found =
            skipper.feed(&bytes[..count]).map_err(|error| io::Error::other(error.to_string()))?;
        if let Some(text) = found.error {
            return Err(io::Error::other(text));
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        missing = missing.saturating_sub(found.replies);
    }
    match Client::open(socket, None)? {
        Opened::Rings(client) => Ok(Link::Rings(client)),
        Opened::Refused(_, why) => Err(io::Error::other(why)),
    }
}

/// Opens a connection that does not block. With `wait` it is complete on return; without, a TCP
/// connection may still be under way, and is writable when it is done. One with TLS is always
/// complete.
pub fn open(target: &Target, wait: bool) -> io::Result<Link> {
    if let Target::Rdma(address) = target {
        return Ok(Link::Rdma(Box::new(dial_rdma(*address, RDMA_PATIENCE)?)));
    }
    let Target::Tls(_, tls, host) = target else {
        return Ok(Link::Plain(open_socket(target, wait)?));
    };
    let socket = TcpStream::from(open_socket(target, true)?);
    let failed =
        |error: &dyn std::fmt::Display| io::Error::other(format!("SSL_connect failed: {error}"));
    let mut stream = tls.connect(Stream::from(socket), host).map_err(|error| failed(&error))?;
    while !stream.handshake().map_err(|error| failed(&error))? {
        let flags =
            if stream.pending() > 0 { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        // Interrupted or not, the next thing is to look.
        let _ = poll(&mut [PollFd::new(&stream, flags)], None);
    }
    Ok(Link::Tls(Box::new(stream)))
}

fn open_socket(target: &Target, wait: bool) -> Result<OwnedFd, Errno> {
    let family = match target {
        Target::Tcp(address) | Target::Tls(address, ..) | Target::Rdma(address) => match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        },
        Target::Unix(_) | Target::Rings(_) => AddressFamily::UNIX,
    };
    let mut flags = SocketFlags::CLOEXEC;
    // A Unix socket connects at once, or waits for room in the server's queue: it never is "under
    // way". So it always waits.
    if !wait && matches!(target, Target::Tcp(_)) {
        flags |= SocketFlags::NONBLOCK;
    }
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
    let connected = match target {
        Target::Tcp(address) | Target::Tls(address, ..) | Target::Rdma(address) => {
            set_tcp_nodelay(&socket, true)?;
            net::connect(&socket, address)
        }
        Target::Unix(path) | Target::Rings(path) => net::connect(&socket, path),
    };
    match connected {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
    }
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// Raises the limit of open files so that `clients` connections fit, as far as the system allows.
pub fn allow_open_files(clients: usize) {
    let wanted = clients as u64 + 64;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
        // Without success the connections beyond the limit will say so when they are opened.
        let _ =
            setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn opens_to_a_listener_and_says_so_when_there_is_none() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let target = Target::Tcp(listener.local_addr().expect("its address"));
        assert!(open(&target, true).is_ok());
        assert!(open(&target, false).is_ok());
        drop(listener);
        let refused = open(&target, true).err().map(|error| error.kind());
        assert_eq!(refused, Some(io::ErrorKind::ConnectionRefused));
    }
}
