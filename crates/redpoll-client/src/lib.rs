//! A client for RESP servers, for the programs and tests of this workspace.
//!
//! It is blocking and small on purpose: the command-line client, the load generator and the
//! integration tests each drive one connection from one thread, and none of them gains from an
//! async runtime. It is built from four pieces that know nothing of each other:
//!
//! * [`decode`]: bytes to [`Value`], a state machine without I/O;
//! * [`request`]: arguments to bytes;
//! * [`Transport`]: where bytes come from and go to (TCP and Unix sockets, TLS, shared memory);
//! * [`Connection`]: the three put together, with pipelines, push messages and the opening
//!   handshake.
//!
//! Beside them, [`full_sync`] reads the snapshot that a primary sends, and [`uri`] a server's URI.
//!
//! Nothing here knows the server's engine; certificates and TLS are those of `redpoll-transport`.

#![forbid(unsafe_code)]

pub mod connection;
pub mod decode;
pub mod error;
pub mod full_sync;
pub mod request;
mod rings;
pub mod tls;
pub mod transport;
pub mod uri;
pub mod value;

pub use connection::{Config, Connection, Protocol, SharedMemory};
pub use decode::{DecodeError, Decoder};
pub use error::{Error, HandshakeStep};
pub use redpoll_transport::tls::{Allowed, Client as Tls, ClientSettings as TlsSettings};
pub use transport::{Endpoint, Transport};
pub use value::{Double, Value};
