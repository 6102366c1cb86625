//! The values directives hold, and the small types their getters return.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// A text of the configuration: bytes, as paths and passwords need not be UTF-8. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Text(Arc<[u8]>);

impl Text {
    /// The text as a path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// The text with what is not UTF-8 replaced, for messages.
    #[must_use]
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<&Path> for Text {
    fn from(path: &Path) -> Self {
        Self(path.as_os_str().as_bytes().into())
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_str_lossy())
    }
}

/// An amount of memory given outright or as a part of `maxmemory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLimit {
    /// So many bytes; 0 is no limit.
    Bytes(u64),
    /// So many hundredths of `maxmemory`, 1 to 100.
    Percent(u8),
}

impl MemoryLimit {
    /// The limit in bytes under a given `maxmemory`; 0 is no limit.
    #[must_use]
    pub fn bytes(self, maxmemory: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => (u128::from(maxmemory) * u128::from(percent) / 100) as u64,
        }
    }
}

/// One rule of `save`: a snapshot is due when both numbers are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// Seconds since the last snapshot.
    pub seconds: u64,
    /// Changes since the last snapshot.
    pub changes: u64,
}

/// The kinds of clients that have an output limit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientClass {
    /// Clients that send commands and read replies, MONITOR included.
    Normal,
    /// Replicas.
    Replica,
    /// Clients with a subscription.
    Pubsub,
}

impl ClientClass {
    /// All classes, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Replica, Self::Pubsub];

    /// The name CONFIG GET shows, which for replicas is the old one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Replica => "slave",
            Self::Pubsub => "pubsub",
        }
    }
}

/// How much unread output a client may have before it is disconnected. Zeros are no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferLimit {
    /// Bytes at which the client is disconnected at once.
    pub hard_bytes: u64,
    /// Bytes it may not stay above for longer than `soft_seconds`.
    pub soft_bytes: u64,
    /// How long it may stay above `soft_bytes`.
    pub soft_seconds: u64,
}

/// The server this one replicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primary {
    /// Host name or address.
    pub host: Text,
    /// TCP port.
    pub port: u16,
}

/// What a directive holds. Which variant belongs to its [`Kind`](crate::Kind) and never changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Numbers, booleans (0 and 1), choices and sets of flags. Unsigned 64-bit numbers as their
    /// bits.
    Number(i64),
    Text(Text),
    Save(Arc<[SavePoint]>),
    BufferLimits([BufferLimit; 3]),
    OomScores([i32; 3]),
    Addresses(Arc<[Text]>),
    Percentiles(Arc<[f64]>),
    Primary(Option<Primary>),
}
