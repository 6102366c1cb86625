//! Errors of commands, and the one place where they get Redis's words.

use redpoll_keyspace::WrongType;
use std::borrow::Cow;

/// What a command returns.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a command was refused. The causes that many commands share have names; what only one command
/// says comes as its whole text, code word first (`ERR …`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The key holds another type.
    WrongType,
    /// The arguments are not in the command's form.
    Syntax,
    /// Not an integer, or outside of 64 bits.
    NotInteger,
    /// Not a floating-point number.
    NotFloat,
    /// Not a whole number where COUNT-like options want a positive one.
    OutOfRange,
    /// Not a timeout.
    InvalidTimeout,
    /// The timeout is negative.
    NegativeTimeout,
    /// An index outside of the value.
    IndexOutOfRange,
    /// A score that would be no number.
    NaN,
    /// The key is not there and must be.
    NoSuchKey,
    /// The database number is none.
    DbIndex,
    /// A time to live that is none.
    InvalidExpire(&'static str),
    /// A cursor that is none.
    InvalidCursor,
    /// Above maxmemory.
    OutOfMemory,
    /// What a script has failed with, in full; the error was counted when it arose.
    Counted(String),
    /// Anything else, in full.
    Text(Cow<'static, str>),
}

impl Error {
    /// An error in full words, code word first.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Error::Text(text.into())
    }

    /// The number of arguments is wrong for `command`.
    pub fn arity(command: &str) -> Self {
        Error::text(format!("ERR wrong number of arguments for '{command}' command"))
    }

    /// The reply without its leading `-`.
    pub fn message(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Error::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Error::Syntax => "ERR syntax error",
            Error::NotInteger => "ERR value is not an integer or out of range",
            Error::NotFloat => "ERR value is not a valid float",
            Error::OutOfRange => "ERR value is out of range, must be positive",
            Error::InvalidTimeout => "ERR timeout is not a float or out of range",
            Error::NegativeTimeout => "ERR timeout is negative",
            Error::IndexOutOfRange => "ERR index out of range",
            Error::NaN => "ERR resulting score is not a number (NaN)",
            Error::NoSuchKey => "ERR no such key",
            Error::DbIndex => "ERR DB index is out of range",
            Error::InvalidExpire(command) => {
                return Cow::Owned(format!("ERR invalid expire time in '{command}' command"));
            }
            Error::InvalidCursor => "ERR invalid cursor",
            Error::OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Error::Counted(text) => text,
            Error::Text(text) => text,
        })
    }
}

impl From<WrongType> for Error {
    fn from(_: WrongType) -> Self {
        Error::WrongType
    }
}
