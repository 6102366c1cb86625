//! Why a connection did not do what was asked. Error *replies* are values, not errors: the server
//! did answer.

use std::fmt;
use std::io;

use crate::decode::DecodeError;

/// A failure of the connection itself. After any of them except [`Error::Timeout`] on a receive,
/// the connection is of no further use.
#[derive(Debug)]
pub enum Error {
    /// No connection could be made.
    Connect(io::Error),
    /// Reading or writing failed.
    Io(io::Error),
    /// The server closed the connection.
    Closed,
    /// The timeout passed; a receive may be tried again, a send may not.
    Timeout,
    /// The server sent something that is not RESP.
    Protocol(DecodeError),
    /// The server refused a step of the opening handshake; the text is its error reply.
    Refused(HandshakeStep, String),
}

/// The commands [`Connection::open`](crate::Connection::open) may send before handing over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeStep {
    /// `AUTH`
    Auth,
    /// `HELLO`
    Hello,
    /// `SELECT`
    Select,
    /// `SHM.OPEN`
    SharedMemory,
}

impl fmt::Display for HandshakeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "AUTH",
            Self::Hello => "HELLO",
            Self::Select => "SELECT",
            Self::SharedMemory => "SHM.OPEN",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) | Self::Io(error) => f.write_str(&system_text(error)),
            Self::Closed => f.write_str("Server closed the connection"),
            Self::Timeout => f.write_str("Resource temporarily unavailable"),
            Self::Protocol(error) => write!(f, "{error}"),
            Self::Refused(step, text) => write!(f, "{step} failed: {text}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect(error) | Self::Io(error) => Some(error),
            Self::Protocol(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Protocol(error)
    }
}

impl From<io::Error> for Error {
    /// Sorts read and write failures into timeouts and the rest.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// The system's sentence for an error, as C programs print it: what Rust adds around it ("(os
/// error 111)", "failed to lookup address information") is what scripts do not expect.
fn system_text(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::TimedOut {
        return "Connection timed out".to_owned();
    }
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_read_as_in_c() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(Error::Connect(refused).to_string(), "Connection refused");
        let slow = io::Error::new(io::ErrorKind::TimedOut, "connection timed out");
        assert_eq!(Error::Connect(slow).to_string(), "Connection timed out");
    }

    #[test]
    fn read_failures_are_sorted_by_cause() {
        let kind = |kind: io::ErrorKind| Error::from(io::Error::from(kind));
        assert!(matches!(kind(io::ErrorKind::WouldBlock), Error::Timeout));
        assert!(matches!(kind(io::ErrorKind::UnexpectedEof), Error::Closed));
        assert!(matches!(kind(io::ErrorKind::BrokenPipe), Error::Io(_)));
    }
}
