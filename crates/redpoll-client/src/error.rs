//! Why something was not done, or did not give what was wanted.
//!
//! Whoever reads [`Value`]s meets failures of the connection only: an error *reply* is a value
//! there, since the server did answer. Whoever wants typed values gets error replies as errors.

use std::fmt;
use std::io;

use crate::decode::DecodeError;
use crate::uri::UriError;
use crate::value::Value;

/// A failure. After one of the connection itself, except [`Error::Timeout`] on a receive, the
/// connection is of no further use; [`Error::is_fatal`] tells them apart.
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
    /// The server answered a command with an error.
    Reply(ReplyError),
    /// The reply is not what was wanted.
    Type(TypeError),
    /// The URI names no server.
    Uri(UriError),
}

impl Error {
    /// Whether the connection is of no further use.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Timeout | Self::Reply(_) | Self::Type(_))
    }
}

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyError(Box<str>);

impl ReplyError {
    /// With the text of a reply.
    pub fn new(text: &[u8]) -> Self {
        ReplyError(String::from_utf8_lossy(text).into())
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The first word: `ERR`, `WRONGTYPE`, `NOAUTH`, …
    pub fn code(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }

    /// What stands behind the code.
    pub fn detail(&self) -> &str {
        self.0.split_once(' ').map_or("", |(_, detail)| detail)
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReplyError {}

/// A reply that is not what was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError(Box<str>);

impl TypeError {
    pub(crate) fn new(wanted: &str, got: &Value) -> Self {
        let got = match got {
            Value::Null => "null".to_owned(),
            Value::Integer(number) => format!("the integer {number}"),
            Value::Double(double) => format!("the number {}", double.text),
            Value::Boolean(_) => "a truth".to_owned(),
            Value::Array(_) | Value::Set(_) | Value::Push(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
            other => {
                let bytes = other.as_bytes().unwrap_or_default();
                let shown = &bytes[..bytes.len().min(40)];
                let more = if shown.len() < bytes.len() { "…" } else { "" };
                format!("\"{}{more}\"", shown.escape_ascii())
            }
        };
        TypeError(format!("the reply is {got}, and {wanted} is wanted").into())
    }

    pub(crate) fn count(wanted: usize, got: usize) -> Self {
        TypeError(format!("the reply has {got} elements, and {wanted} are wanted").into())
    }

    pub(crate) fn not_text() -> Self {
        TypeError("the reply is not UTF-8, and text is wanted".into())
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TypeError {}

impl From<ReplyError> for Error {
    fn from(error: ReplyError) -> Self {
        Self::Reply(error)
    }
}

impl From<UriError> for Error {
    fn from(error: UriError) -> Self {
        Self::Uri(error)
    }
}

impl From<TypeError> for Error {
    fn from(error: TypeError) -> Self {
        Self::Type(error)
    }
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
            Self::Reply(error) => write!(f, "{error}"),
            Self::Type(error) => write!(f, "{error}"),
            Self::Uri(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect(error) | Self::Io(error) => Some(error),
            Self::Protocol(error) => Some(error),
            Self::Reply(error) => Some(error),
            Self::Type(error) => Some(error),
            Self::Uri(error) => Some(error),
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
