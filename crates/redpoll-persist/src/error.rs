//! What can be wrong with bytes that are read, and where.

use redpoll_types::listpack::Corrupt;
use std::fmt;

/// What reading answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Bytes that cannot be read as what they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The place, in bytes from the start: behind what was read last.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// See [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes end in the middle.
    Ended,
    /// The bytes cannot be had, for this reason.
    Io(String),
    /// A length in a form that there is not, or none where one should be.
    Length,
    /// A string in an encoding that there is not.
    StringEncoding(u8),
    /// A compressed string that does not make up what it promises.
    Compression,
    /// A packed encoding (listpack, intset, ziplist, zipmap) that contradicts itself.
    Packed,
    /// The same member or field twice.
    Duplicate,
    /// A score that is no number.
    Score,
    /// A time that is none.
    Time,
    /// A node of a list of a kind that there is not.
    ListNode(u64),
    /// Parts of a stream that contradict each other.
    Stream,
    /// A type of value that there is not.
    Type(u8),
    /// A value of a module's type.
    Module,
    /// Not the beginning of a snapshot.
    Magic,
    /// A version that is not known.
    Version(u16),
    /// The checksum is another one.
    Checksum,
    /// A collection without elements, which no key can hold.
    Empty,
    /// Bytes behind the end.
    Trailing,
    /// A database that the server does not have.
    Database(u64),
    /// A library of functions that cannot be loaded, for this reason.
    Function(String),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (offset {})", self.fault, self.offset)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Ended => out.write_str("the bytes end too early"),
            Fault::Io(reason) => write!(out, "reading failed: {reason}"),
            Fault::Length => out.write_str("not a length"),
            Fault::StringEncoding(code) => write!(out, "no string has the encoding {code}"),
            Fault::Compression => out.write_str("a compressed string is damaged"),
            Fault::Packed => {
                out.write_str("integrity check failed: a packed value contradicts itself")
            }
            Fault::Duplicate => out.write_str("the same element comes twice"),
            Fault::Score => out.write_str("a score is not a number"),
            Fault::Time => out.write_str("a time is out of range"),
            Fault::ListNode(kind) => write!(out, "no node of a list is of the kind {kind}"),
            Fault::Stream => out.write_str("the parts of a stream contradict each other"),
            Fault::Type(code) => write!(out, "no value is of the type {code}"),
            Fault::Module => out.write_str("the value belongs to a module"),
            Fault::Magic => out.write_str("this is no snapshot"),
            Fault::Version(version) => write!(out, "version {version} is not known"),
            Fault::Checksum => out.write_str("the checksum does not agree"),
            Fault::Empty => out.write_str("a collection has no elements"),
            Fault::Trailing => out.write_str("there are bytes behind the end"),
            Fault::Function(reason) => write!(out, "a library of functions: {reason}"),
            Fault::Database(number) => write!(out, "there is no database {number}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Corrupt> for Fault {
    fn from(_: Corrupt) -> Self {
        Fault::Packed
    }
}
