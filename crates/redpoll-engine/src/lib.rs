//! What a command acts in: sessions, the command table, dispatch, pub/sub, statistics.
//!
//! - [`Engine`] is what all threads share; [`Session`] is one client's state; [`Executor`] is one
//!   thread's way of running batches of commands.
//! - [`spec`] says what a command is; [`ctx`] what it acts in; [`error`] what it may refuse with.
//! - [`acl`]: users and what they may do.
//! - [`background`]: threads for commands that take long.
//! - [`change_log`] is what replicas and the append-only file follow.
//! - [`persistence`]: snapshots of the data; [`migration`]: keys that move to another server.
//! - [`refusal`]: when writes are not run, and what a script counts as.
//! - [`block`], [`pubsub`], [`transaction`], [`client`]: the parts that join clients with each
//!   other; [`script`]: what a running script does.
//!
//! Invariants: no socket, no file, no thread is made here; a command never sees one. Locks are
//! taken in this order: stripes ascending, then registries, then a client's outbox.

#![forbid(unsafe_code)]

pub mod acl;
pub mod background;
pub mod block;
pub mod change_log;
mod cleanup;
pub mod client;
pub mod client_memory;
pub mod ctx;
pub mod ending;
pub mod engine;
pub mod error;
mod events;
pub mod excess;
pub mod executor;
pub mod failover;
pub mod following;
pub mod hot_keys;
pub mod latency;
pub mod meanwhile;
pub mod migration;
mod monitor;
pub mod own_expiry;
pub mod pause;
pub mod persistence;
pub mod pubsub;
pub mod rates;
pub mod refusal;
pub mod replication;
pub mod script;
pub mod session;
pub mod settings;
pub mod shared_memory;
pub mod slowlog;
pub mod spec;
pub mod standstill;
pub mod stats;
pub mod table;
pub mod tiers;
pub mod tracking;
pub mod transaction;

pub use ctx::{Ctx, Mode};
pub use engine::Engine;
pub use error::{Error, Result};
pub use executor::Executor;
pub use session::Session;
