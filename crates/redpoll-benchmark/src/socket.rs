//! Sockets: opening one to the server, and room for many.

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::SocketAddr;

/// Where to connect to, with the name already looked up.
#[derive(Debug, Clone)]
pub enum Target {
    /// An address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(SocketAddrUnix),
}

/// Opens a connection that does not block. With `wait` it is complete on return; without, a TCP
/// connection may still be under way, and is writable when it is done.
pub fn open(target: &Target, wait: bool) -> Result<OwnedFd, Errno> {
    let family = match target {
        Target::Tcp(SocketAddr::V4(_)) => AddressFamily::INET,
        Target::Tcp(SocketAddr::V6(_)) => AddressFamily::INET6,
        Target::Unix(_) => AddressFamily::UNIX,
    };
    let mut flags = SocketFlags::CLOEXEC;
    // A Unix socket connects at once, or waits for room in the server's queue: it never is "under
    // way". So it always waits.
    if !wait && matches!(target, Target::Tcp(_)) {
        flags |= SocketFlags::NONBLOCK;
    }
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
    let connected = match target {
        Target::Tcp(address) => {
            set_tcp_nodelay(&socket, true)?;
            net::connect(&socket, address)
        }
        Target::Unix(path) => net::connect(&socket, path),
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
        assert_eq!(open(&target, true).err(), Some(Errno::CONNREFUSED));
    }
}
