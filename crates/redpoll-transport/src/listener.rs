//! Listening sockets.

use crate::rdma::RdmaListener;
use crate::stream::Stream;
use redpoll_rdma::Settings;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, ipproto, listen, socket_with, sockopt,
};
use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Why an address cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    /// The address, as a person would write it.
    pub address: String,
    /// What the system says.
    pub cause: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Could not listen on {}: {}", self.address, self.cause)
    }
}

impl std::error::Error for BindError {}

/// A listening socket.
#[derive(Debug)]
pub enum Listener {
    /// TCP, IPv4 or IPv6.
    Tcp(TcpListener),
    /// TCP whose connections speak TLS. [`accept`](Listener::accept) gives the bare stream; who
    /// knows the certificates puts TLS over it.
    Tls(TcpListener),
    /// A Unix socket and its file, which is removed in the end.
    Unix(UnixListener, PathBuf),
    /// RDMA.
    Rdma(RdmaListener),
}

impl Listener {
    /// Listens on a TCP address; an IPv6 address takes no IPv4 clients. `backlog` connections may
    /// wait.
    pub fn tcp(address: SocketAddr, backlog: i32) -> Result<Self, BindError> {
        let bound = bind_tcp(address, backlog);
        bound.map(Listener::Tcp).map_err(|cause| BindError { address: address.to_string(), cause })
    }

    /// As [`tcp`](Self::tcp), for connections that speak TLS.
    pub fn tls(address: SocketAddr, backlog: i32) -> Result<Self, BindError> {
        let bound = bind_tcp(address, backlog);
        bound.map(Listener::Tls).map_err(|cause| BindError { address: address.to_string(), cause })
    }

    /// Listens on an address over RDMA.
    pub fn rdma(address: SocketAddr, backlog: i32, settings: Settings) -> Result<Self, BindError> {
        let bound = RdmaListener::bind(address, backlog, settings);
        bound.map(Listener::Rdma).map_err(|cause| BindError { address: address.to_string(), cause })
    }

    /// Whether its connections go over RDMA.
    pub fn is_rdma(&self) -> bool {
        matches!(self, Listener::Rdma(_))
    }

    /// Whether its connections speak TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self, Listener::Tls(_))
    }

    /// The address it listens on, of TCP or of RDMA.
    pub fn local_address(&self) -> Option<SocketAddr> {
        match self {
            Listener::Rdma(rdma) => Some(rdma.listener.address()),
            Listener::Tcp(socket) | Listener::Tls(socket) => socket.local_addr().ok(),
            Listener::Unix(..) => None,
        }
    }

    /// Another handle of the same TCP socket, whose connections speak TLS or do not.
    pub fn turned(&self, tls: bool) -> io::Result<Self> {
        match self {
            Listener::Tcp(socket) | Listener::Tls(socket) if tls => {
                socket.try_clone().map(Listener::Tls)
            }
            Listener::Tcp(socket) | Listener::Tls(socket) => socket.try_clone().map(Listener::Tcp),
            Listener::Unix(..) | Listener::Rdma(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Marks what the socket sends, for the firewall and for routing; 0 leaves it unmarked.
    pub fn set_mark(&self, mark: u32) -> io::Result<()> {
        use nix::sys::socket::{setsockopt, sockopt::Mark};
        if mark == 0 { Ok(()) } else { Ok(setsockopt(self, Mark, &mark)?) }
    }

    /// Stops listening now, whoever still holds the listener: its port is free for others.
    pub fn stop(&self) {
        if let Listener::Rdma(rdma) = self {
            return rdma.listener.stop();
        }
        // A socket that does not listen any more is what is wanted.
        let _ = rustix::net::shutdown(self, rustix::net::Shutdown::Both);
    }

    /// Listens on a Unix socket. A socket file that is left over is replaced; anything else is not.
    /// `mode` are the file's permissions, or those of the umask if it is 0.
    pub fn unix(path: &Path, mode: u32) -> Result<Self, BindError> {
        let bound = bind_unix(path, mode);
        bound
            .map(|listener| Listener::Unix(listener, path.to_owned()))
            .map_err(|cause| BindError { address: path.display().to_string(), cause })
    }

    /// Takes the next connection; `None` if none waits.
    pub fn accept(&self) -> io::Result<Option<Stream>> {
        let accepted = match self {
            Listener::Tcp(listener) | Listener::Tls(listener) => {
                listener.accept().map(|(stream, _)| Stream::from(stream))
            }
            Listener::Unix(listener, path) => {
                listener.accept().map(|(stream, _)| Stream::unix(stream, path))
            }
            Listener::Rdma(listener) => return listener.accept(),
        };
        match accepted {
            Ok(stream) => {
                stream.set_nonblocking()?;
                Ok(Some(stream))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Tcp(listener) | Listener::Tls(listener) => listener.as_fd(),
            Listener::Unix(listener, _) => listener.as_fd(),
            Listener::Rdma(rdma) => rdma.listener.as_fd(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix(_, path) = self {
            // The file may be gone already; there is nobody left to tell.
            let _ = fs::remove_file(path);
        }
    }
}

fn bind_tcp(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    bind(&socket, &address)?;
    listen(&socket, backlog)?;
    Ok(TcpListener::from(socket))
}

fn bind_unix(path: &Path, mode: u32) -> io::Result<UnixListener> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
        Ok(_) => {
            let text = "the file exists and is no socket";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    if mode != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(listener)
}
