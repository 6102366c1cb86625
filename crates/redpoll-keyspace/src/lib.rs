//! The keyspace: lock-striped segmented hash tables, expiry, watches and waiters.

pub mod entry;
mod hash;
pub mod table;

pub use hash::KeyHash;
