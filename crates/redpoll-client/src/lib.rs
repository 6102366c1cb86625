//! A client for RESP servers: TCP, TLS, Unix sockets, RDMA, and Redpoll's shared memory.
//!
//! ```no_run
//! # fn main() -> Result<(), redpoll_client::Error> {
//! let mut redpoll = redpoll_client::connect("redis+shm:///run/redpoll.sock")?;
//! redpoll.set::<()>("greeting", "hello")?;
//! let greeting: String = redpoll.get("greeting")?;
//! let set = redpoll_client::cmd("SET").arg("n").arg(1).arg(("EX", 60));
//! set.exec(&mut redpoll)?;
//! # Ok(())
//! # }
//! ```
//!
//! One [`uri`] names a server whatever the transport; a [`Config`] says the same and more. Where a
//! server refuses shared memory, the connection stays with the Unix socket
//! ([`Connection::refusal`] says why).
//!
//! * [`Connection`] blocks, and belongs to one thread at a time.
//! * `aio::Connection` (with the feature `tokio`) is a handle that any number of tasks clone and
//!   use at once.
//! * [`cmd()`] builds any command, [`pipe()`] sends several at once, atomically where wanted.
//!   [`ToArgs`] and [`FromValue`] carry Rust values there and back.
//! * Beneath is what tools and tests need that speak the protocol themselves: [`decode`], bytes to
//!   [`Value`]s, without I/O; [`request`], arguments to bytes; [`Transport`], where bytes come from
//!   and go to; [`full_sync`], the snapshot that a primary sends;
//!   [`locate`], where a server's Unix socket is.
//!
//! A connection that has failed is made anew by whoever knows what was lost with it: its
//! subscriptions, its transaction, its requests without a reply. A server that dies is an error
//! within a second, over shared memory too. After `fork`, a child opens connections of its own.
//!
//! Nothing here knows the server's engine; certificates and TLS are those of `redpoll-transport`.

#![forbid(unsafe_code)]

#[cfg(feature = "tokio")]
pub mod aio;
mod args;
mod cmd;
mod commands;
pub mod connection;
pub mod decode;
pub mod error;
mod from_value;
pub mod full_sync;
pub mod locate;
mod pipeline;
mod pubsub;
mod rdma;
pub mod request;
mod rings;
pub mod tls;
pub mod transport;
pub mod uri;
pub mod value;
mod waits;

pub use args::{Args, ToArgs};
pub use cmd::{Cmd, cmd};
pub use connection::{Config, Connection, Protocol, SharedMemory, connect};
pub use decode::{DecodeError, Decoder};
pub use error::{Error, HandshakeStep, ReplyError, TypeError};
pub use from_value::FromValue;
pub use pipeline::{Pipeline, pipe};
pub use pubsub::Message;
pub use redpoll_transport::tls::{Allowed, Client as Tls, ClientSettings as TlsSettings};
pub use transport::{Endpoint, Transport};
pub use value::{Double, Value};
