//! Connections that this end begins, from an address of its choice.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

/// Connects to `address` within `patience`; from `source`, if one is given.
pub fn dial(
    address: SocketAddr,
    source: Option<IpAddr>,
    patience: Duration,
) -> io::Result<TcpStream> {
    match source {
        None => TcpStream::connect_timeout(&address, patience),
        Some(source) => dial_from(address, source, patience),
    }
}

/// The standard library has no way to bind a socket that is to connect.
fn dial_from(address: SocketAddr, source: IpAddr, patience: Duration) -> io::Result<TcpStream> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    bind(&socket, &SocketAddr::new(source, 0))?;
    match connect(&socket, &address) {
        Err(Errno::INPROGRESS) => {
            let mut wanted = [PollFd::new(&socket, PollFlags::OUT)];
            let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
            if poll(&mut wanted, Some(&timeout))? == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            sockopt::socket_error(&socket)??;
        }
        result => result?,
    }
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn comes_from_the_address_that_was_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        for source in [None, Some("127.0.0.3".parse().expect("an address"))] {
            let stream = dial(address, source, PATIENCE).expect("it listens");
            let (_, peer) = listener.accept().expect("somebody has connected");
            assert_eq!(peer, stream.local_addr().expect("connected"));
            assert!(source.is_none_or(|source| source == peer.ip()));
        }
    }

    #[test]
    fn tells_why_it_failed() {
        let unused = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let unused = unused.expect("a free port");
        let source = |text: &str| Some(text.parse().expect("an address"));
        let refused = dial(unused, source("127.0.0.3"), PATIENCE).expect_err("nobody listens");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let foreign = dial(unused, source("192.0.2.1"), PATIENCE).expect_err("not our address");
        assert_eq!(foreign.kind(), io::ErrorKind::AddrNotAvailable);
        assert!(dial(unused, source("::1"), PATIENCE).is_err());
    }
}
