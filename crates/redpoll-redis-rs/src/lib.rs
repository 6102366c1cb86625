//! Connections for programs that use the `redis` crate, through Redpoll's shared memory.
//!
//! What changes in such a program is how the connection is made:
//!
//! ```no_run
//! use redis::Commands;
//!
//! # fn main() -> redis::RedisResult<()> {
//! // let client = redis::Client::open("redis://127.0.0.1/")?;
//! let client = redpoll_redis_rs::Client::open("redis+shm:///run/redpoll.sock")?;
//! let mut connection = client.get_connection()?;
//! let _: () = connection.set("greeting", "hello")?;
//! let greeting: String = connection.get("greeting")?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Connection`] is a [`redis::ConnectionLike`], [`aio::Connection`] a
//! [`redis::aio::ConnectionLike`]: everything that is made for any connection works, that is
//! `Commands`, `TypedCommands` and their asynchronous kin, `Cmd`, `Pipeline`, `Script`, iterators
//! over SCAN, and `redis::transaction`. Where the server refuses shared memory, they stay with the
//! Unix socket ([`Connection::refusal`] says why). All URIs of `redpoll-client` do, so that a
//! program may choose the transport by its configuration.
//!
//! Subscriptions: a [`Connection`] has [`redis::PubSubCommands`]; an [`aio::Connection`] with
//! `?protocol=3` has [`subscribe`](aio::Connection::subscribe) and
//! [`messages`](aio::Connection::messages).
//!
//! What the `redis` crate ties to its own connections is not served: `as_pubsub`, the
//! `PushInfo` senders of its configuration, `ConnectionManager`, client-side caching, clusters and
//! sentinels; nor is SUBSCRIBE sent as a plain command. Where MULTI queues a command that is
//! refused, the error is that of the command, and not a list.

#![forbid(unsafe_code)]

#[cfg(feature = "tokio")]
pub mod aio;
mod client;
mod connection;
mod convert;

pub use client::Client;
pub use connection::Connection;
