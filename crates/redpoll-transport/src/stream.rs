//! Connected sockets.

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::sockopt;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Both ends of a stream, as people and CLIENT LIST write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The other end: `127.0.0.1:51234`, or `/path/to/socket:0`.
    pub peer: String,
    /// This end.
    pub local: String,
    /// Whether it is a Unix socket.
    pub unix: bool,
    /// Whether the other end is on this host.
    pub loopback: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A non-blocking byte stream.
#[derive(Debug)]
pub struct Stream {
    socket: Socket,
    address: Address,
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
            loopback: stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()),
        };
        Stream { socket: Socket::Tcp(stream), address }
    }
}

impl Stream {
    /// A stream of a Unix socket that listens at `path`.
    pub(crate) fn unix(stream: UnixStream, path: &Path) -> Self {
        let name = format!("{}:0", path.display());
        let address = Address { peer: name.clone(), local: name, unix: true, loopback: true };
        Stream { socket: Socket::Unix(stream), address }
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
        }
    }

    /// Sends small writes at once.
    pub fn set_nodelay(&self) {
        if let Socket::Tcp(stream) = &self.socket {
            // A connection that has just died refuses this; its first read will tell.
            let _ = stream.set_nodelay(true);
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

    /// Appends what has arrived to `buffer`, within its spare capacity. 0: the other end has
    /// closed; `None`: nothing has arrived.
    pub fn read(&self, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
        debug_assert!(buffer.capacity() > buffer.len());
        loop {
            match rustix::io::read(self.as_fd(), spare_capacity(buffer)) {
                Ok(count) => return Ok(Some(count)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes as much of `bytes` as the stream takes now.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::net::{SendFlags, send};
        loop {
            // `send` rather than `write`: a closed peer is an error here, not a signal.
            match send(self.as_fd(), bytes, SendFlags::NOSIGNAL) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(0),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Says that nothing more will be written.
    pub fn finish_writing(&self) {
        // Fails only if the other end is gone already.
        let _ = match &self.socket {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Socket::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Listener;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::unix::net::UnixStream;

    /// One conversation over any kind of stream.
    fn talk(listener: &Listener, mut client: impl Read + Write) {
        client.write_all(b"hello").expect("the server has not closed");
        let server = loop {
            if let Some(stream) = listener.accept().expect("accept works") {
                break stream;
            }
        };
        let mut got = Vec::with_capacity(64);
        while got.len() < 5 {
            server.read(&mut got).expect("read works");
        }
        assert_eq!(server.read(&mut got).expect("read works"), None);
        assert_eq!(got, b"hello");
        assert_eq!(server.write(b"there").expect("write works"), 5);
        let mut answer = [0; 5];
        client.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"there");
        drop(client);
        let end = loop {
            if let Some(count) = server.read(&mut got).expect("read works") {
                break count;
            }
        };
        assert_eq!(end, 0);
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
