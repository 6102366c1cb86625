//! The values of the keyspace: string, list, hash, set, sorted set, stream, and their encodings.

#![forbid(unsafe_code)]

mod footprint;
pub mod hash;
pub mod intset;
pub mod limits;
pub mod list;
pub mod listpack;
pub mod number;
pub mod rng;
mod sample;
pub mod set;
pub mod stream;
pub mod string;
pub mod table;
pub mod tree;
pub mod value;
pub mod zset;
