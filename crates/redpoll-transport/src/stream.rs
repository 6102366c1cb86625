//! Connected sockets.

use crate::peer::Peer;
use crate::rdma;
use crate::rings::{OpenError, Rings};
use crate::tls::{Identity, Session, transmit};
use redpoll_rdma::{Got, Link, close_later};
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::sockopt;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Both ends of a stream, as people and CLIENT LIST write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The other end: `127.0.0.1:51234`, or `/path/to/socket:0`.
    pub peer: String,
    /// This end.
    pub local: String,
    /// Whether it is a Unix socket.
    pub unix: bool,
    /// Whether it goes over RDMA.
    pub rdma: bool,
    /// Whether the other end is on this host.
    pub loopback: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// Not one, but what tells of a link over RDMA that something has happened to it.
    Rdma(Arc<OwnedFd>),
}

/// What reading has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing has arrived.
    Nothing,
    /// So many bytes (with TLS it may be none).
    Bytes {
        /// How many.
        count: usize,
        /// Whether there may be more already: whoever is told each arrival only once must read
        /// again.
        more: bool,
    },
    /// The other end has closed.
    End,
}

/// A non-blocking byte stream.
#[derive(Debug)]
pub struct Stream {
    socket: Socket,
    address: Address,
    tls: Option<Box<Session>>,
    /// Once it goes through shared memory.
    rings: Option<Box<Rings>>,
    /// What carries it if it goes over RDMA.
    link: Option<Box<Link>>,
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        let text = |address: io::Result<std::net::SocketAddr>| {
            address.map_or_else(|_| "?:0".to_owned(), |address| address.to_string())
        };
        let address = Address {
            peer: text(stream.peer_addr()),
            local: text(stream.local_addr()),
            unix: false,
            rdma: false,
            loopback: stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()),
        };
        Stream { socket: Socket::Tcp(stream), address, tls: None, rings: None, link: None }
    }
}

impl From<Link> for Stream {
    fn from(link: Link) -> Self {
        let socket = Socket::Rdma(Arc::clone(link.descriptor()));
        let address = rdma::address(&link);
        Stream { socket, address, tls: None, rings: None, link: Some(Box::new(link)) }
    }
}

impl Stream {
    /// A stream of a Unix socket that listens at `path`.
    pub(crate) fn unix(stream: UnixStream, path: &Path) -> Self {
        let name = format!("{}:0", path.display());
        let (peer, local) = (name.clone(), name);
        let address = Address { peer, local, unix: true, rdma: false, loopback: true };
        Stream { socket: Socket::Unix(stream), address, tls: None, rings: None, link: None }
    }

    /// Where it comes from and goes to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The descriptor's number, for CLIENT LIST.
    pub fn descriptor(&self) -> i64 {
        i64::from(self.as_fd().as_raw_fd())
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(stream) => stream.set_nonblocking(true),
            Socket::Unix(stream) => stream.set_nonblocking(true),
            Socket::Rdma(_) => Ok(()),
        }
    }

    /// Whether small writes are sent at once, or wait a little for more.
    pub fn set_nodelay(&self, at_once: bool) {
        if let Socket::Tcp(stream) = &self.socket {
            // A connection that has just died refuses this; its first read will tell.
            let _ = stream.set_nodelay(at_once);
        }
    }

    /// Takes note that something has happened to a stream over RDMA, whose descriptor tells no
    /// more: not whether something can be read or written. False if the stream is another one.
    #[inline]
    pub fn stir(&mut self) -> bool {
        let link = self.link.as_deref_mut();
        link.map(Link::stir).is_some()
    }

    /// Whether the other end of a stream over RDMA has closed; what it has sent before may still be
    /// unread.
    pub fn has_ended(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.is_closed())
    }

    /// To be called now and then: finds out whether the other end of a stream over RDMA is still
    /// there. (The kernel does it for others, see [`set_keepalive`](Self::set_keepalive).)
    pub fn keep_alive(&mut self) {
        if let Some(link) = &mut self.link {
            link.keep_alive(Instant::now());
        }
    }

    /// Waits until what was written to a stream over RDMA has arrived, as far as that happens
    /// within `patience`; what is written to others the kernel delivers.
    pub fn settle(&mut self, patience: Duration) {
        if let Some(link) = &mut self.link {
            link.settle(patience);
        }
    }

    /// Lets the kernel find out within about twice this many seconds that the other end is gone.
    pub fn set_keepalive(&self, seconds: u64) {
        if let (Socket::Tcp(stream), 1..) = (&self.socket, seconds) {
            let probe = Duration::from_secs((seconds / 3).max(1));
            // As above: a dead connection tells later.
            let _ = sockopt::set_socket_keepalive(stream, true);
            let _ = sockopt::set_tcp_keepidle(stream, Duration::from_secs(seconds));
            let _ = sockopt::set_tcp_keepintvl(stream, probe);
            let _ = sockopt::set_tcp_keepcnt(stream, 3);
        }
    }

    pub(crate) fn with_session(mut self, session: Session) -> Self {
        self.tls = Some(Box::new(session));
        self
    }

    /// Goes on through shared memory, with rings of at least `size` bytes: sends the answer to the
    /// request, with the memory's descriptor. The socket must be a Unix one, and everything before
    /// must have been written and read.
    pub fn open_rings(&mut self, size: usize) -> Result<(), OpenError> {
        let Socket::Unix(socket) = &self.socket else {
            return Err(OpenError::Unsent(io::ErrorKind::Unsupported.into()));
        };
        self.rings = Some(Box::new(Rings::open(socket.as_fd(), size)?));
        Ok(())
    }

    /// Goes on through the memory that a client of the older protocol has brought, and says so. The
    /// client may come by TCP, too, if it is on this host.
    pub fn open_legacy(&mut self, name: &[u8]) -> Result<(), OpenError> {
        let peer = match &self.socket {
            _ if self.tls.is_some() => None,
            Socket::Unix(socket) => Peer::of_unix(socket.as_fd()),
            Socket::Tcp(stream) => match (stream.peer_addr(), stream.local_addr()) {
                (Ok(peer), Ok(own)) => Peer::of_tcp(peer, own),
                _ => None,
            },
            Socket::Rdma(_) => None,
        };
        let peer = peer.ok_or(OpenError::Stranger)?;
        let rings = Rings::open_legacy(name, peer).map_err(OpenError::Refused)?;
        const ANSWER: &[u8] = b":1\r\n";
        match transmit(self.socket.as_fd(), ANSWER) {
            Ok(sent) if sent == ANSWER.len() => {}
            Ok(_) => return Err(OpenError::Broken(io::ErrorKind::WriteZero.into())),
            Err(error) => return Err(OpenError::Broken(error)),
        }
        self.rings = Some(Box::new(rings));
        Ok(())
    }

    /// The rings, if it goes through shared memory.
    #[inline]
    pub fn rings(&self) -> Option<&Rings> {
        self.rings.as_deref()
    }

    /// Takes note of what the descriptor reports of a stream that goes through shared memory: the
    /// client has rung, or has `hung_up`.
    pub fn answer_bell(&mut self, hung_up: bool) {
        if let Some(rings) = &mut self.rings {
            rings.answer(self.socket.as_fd(), hung_up);
        }
    }

    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Whom the certificate names that the other end has shown; it has been verified.
    pub fn peer_identity(&self) -> Option<Identity> {
        self.tls.as_ref()?.peer_certificate().map(Identity::of)
    }

    /// Goes on with the handshake of TLS; done at once for a stream without. False: the stream must
    /// become readable, or writable if bytes are [pending](Self::pending).
    pub fn handshake(&mut self) -> io::Result<bool> {
        match &mut self.tls {
            Some(session) => session.handshake(self.socket.as_fd()),
            None => Ok(true),
        }
    }

    /// Whether something can be read without the descriptor saying so.
    pub fn has_buffered(&self) -> bool {
        self.tls.as_ref().is_some_and(|session| session.has_plain())
            || self.link.as_ref().is_some_and(|link| link.has_bytes())
    }

    /// Appends what has arrived to `buffer`, within its spare capacity if the stream is plain; TLS
    /// gives whole records and may exceed it by one.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Arrival> {
        if let Some(rings) = &mut self.rings {
            return rings.read(self.socket.as_fd(), buffer);
        }
        if let Some(session) = &mut self.tls {
            return session.read(self.socket.as_fd(), buffer);
        }
        if let Some(link) = &mut self.link {
            return Ok(match link.read(buffer)? {
                Got::Nothing => Arrival::Nothing,
                Got::Bytes(count) => Arrival::Bytes { count, more: link.has_bytes() },
                Got::End => Arrival::End,
            });
        }
        let room = buffer.capacity() - buffer.len();
        debug_assert!(room > 0);
        loop {
            match rustix::io::read(self.socket.as_fd(), spare_capacity(buffer)) {
                Ok(0) => return Ok(Arrival::End),
                // A socket that gives less than was asked for has no more for now.
                Ok(count) => return Ok(Arrival::Bytes { count, more: count == room }),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(Arrival::Nothing),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes over as much of `bytes` as the stream takes now. Encrypted bytes may be
    /// [pending](Self::pending) after that.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(rings) = &mut self.rings {
            return rings.write(self.socket.as_fd(), bytes);
        }
        if let Some(link) = &mut self.link {
            return link.write(bytes);
        }
        match &mut self.tls {
            Some(session) => session.write(self.socket.as_fd(), bytes),
            None => transmit(self.socket.as_fd(), bytes),
        }
    }

    /// Bytes that were taken over and wait for the socket: they go with the next
    /// [`write`](Self::write) or [`flush`](Self::flush).
    pub fn pending(&self) -> usize {
        self.tls.as_ref().map_or(0, |session| session.pending())
    }

    /// Sends what is pending, as far as the socket takes it.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(session) => session.flush(self.socket.as_fd()),
            None => Ok(()),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(session) = &mut self.tls {
            session.close(self.socket.as_fd());
        }
        if let Some(link) = self.link.take() {
            close_later(*link);
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
            Socket::Rdma(descriptor) => descriptor.as_fd(),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Arrival, Listener};
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::unix::net::UnixStream;

    /// One conversation over any kind of stream.
    fn talk(listener: &Listener, mut client: impl Read + Write) {
        client.write_all(b"hello").expect("the server has not closed");
        let mut server = loop {
            if let Some(stream) = listener.accept().expect("accept works") {
                break stream;
            }
        };
        let mut got = Vec::with_capacity(64);
        while got.len() < 5 {
            server.read(&mut got).expect("read works");
        }
        assert_eq!(server.read(&mut got).expect("read works"), Arrival::Nothing);
        assert_eq!(got, b"hello");
        assert_eq!(server.write(b"there").expect("write works"), 5);
        let mut answer = [0; 5];
        client.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"there");
        drop(client);
        while server.read(&mut got).expect("read works") != Arrival::End {}
    }

    #[test]
    fn tcp_and_unix_behave_alike() {
        let tcp = Listener::tcp("127.0.0.1:0".parse().expect("an address"), 16).expect("a port");
        let Listener::Tcp(inner) = &tcp else { unreachable!() };
        talk(&tcp, TcpStream::connect(inner.local_addr().expect("bound")).expect("it listens"));

        let directory = std::env::temp_dir().join(format!("redpoll-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a temporary directory");
        let path = directory.join("socket");
        let unix = Listener::unix(&path, 0o700).expect("a socket");
        talk(&unix, UnixStream::connect(&path).expect("it listens"));
        drop(unix);
        assert!(!path.exists(), "the file goes with the listener");

        std::fs::write(&path, b"mine").expect("a file");
        assert!(Listener::unix(&path, 0).is_err(), "a file that is no socket stays");
        std::fs::remove_dir_all(&directory).expect("it is ours");
    }
}
