//! The values of the keyspace: string, list, hash, set, sorted set, and their encodings.

#![forbid(unsafe_code)]

pub mod limits;
pub mod list;
pub mod listpack;
pub mod number;
pub mod rng;
pub mod string;
pub mod tree;
pub mod value;
