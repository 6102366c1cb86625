//! Where a server's Unix socket is: whoever wants shared memory and knows only its port can ask it.

use crate::connection::Connection;
use crate::error::Error;
use crate::transport::Endpoint;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// Why a server's Unix socket is not known.
#[derive(Debug)]
pub enum Unknown {
    /// The address is not one of this host's loopback.
    OtherHost(String),
    /// The server listens on none.
    NoSocket,
    /// It is named from a directory that is not known here.
    Relative(PathBuf),
    /// The server does not tell; the text is its error reply.
    Refused(String),
    /// The connection has failed.
    Failed(Error),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unknown::OtherHost(host) => write!(
                f,
                "shared memory is for clients on the server's own host, and {host} is another"
            ),
            Unknown::NoSocket => f.write_str(
                "shared memory needs the server's Unix socket, and it has none \
                 (unixsocket is not set)",
            ),
            Unknown::Relative(path) => write!(
                f,
                "the server's Unix socket is '{}', seen from a directory that is not known; \
                 name it in full by -s",
                path.display()
            ),
            Unknown::Refused(text) => write!(
                f,
                "the server does not tell where its Unix socket is ({text}); name it by -s"
            ),
            Unknown::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Unknown {}

/// Whether an address is this host's loopback, so that a path that the server names is a path here.
///
/// # Errors
/// If it is not.
pub fn check_host(endpoint: &Endpoint) -> Result<(), Unknown> {
    let Endpoint::Tcp { host, .. } = endpoint else { return Ok(()) };
    let loopback = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if loopback { Ok(()) } else { Err(Unknown::OtherHost(host.clone())) }
}

/// Asks a server on this host for the path of its Unix socket.
///
/// # Errors
/// See [`Unknown`].
pub fn unix_socket(connection: &mut Connection) -> Result<PathBuf, Unknown> {
    let reply = connection.command(&["CONFIG", "GET", "unixsocket"]).map_err(Unknown::Failed)?;
    if let Some(text) = reply.error_text() {
        return Err(Unknown::Refused(String::from_utf8_lossy(text).into_owned()));
    }
    let path = reply.field("unixsocket").and_then(|path| path.as_str()).unwrap_or_default();
    let path = PathBuf::from(path);
    match path.as_os_str().is_empty() {
        true => Err(Unknown::NoSocket),
        false if path.is_relative() => Err(Unknown::Relative(path)),
        false => Ok(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_is_this_host() {
        for host in ["127.0.0.1", "127.8.9.1", "::1", "LocalHost"] {
            assert!(check_host(&Endpoint::tcp(host, 1)).is_ok(), "{host}");
        }
        for host in ["10.0.0.1", "example.org", "::2"] {
            assert!(check_host(&Endpoint::tcp(host, 1)).is_err(), "{host}");
        }
        assert!(check_host(&Endpoint::Unix("/s".into())).is_ok());
    }
}
