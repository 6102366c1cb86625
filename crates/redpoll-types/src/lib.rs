//! The values of the keyspace: string, list, hash, set, sorted set, and their encodings.

#![forbid(unsafe_code)]

pub mod limits;
pub mod listpack;
pub mod number;
pub mod rng;
pub mod tree;
