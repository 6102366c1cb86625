//! The values of the keyspace: string, list, hash, set, sorted set, stream, suggestions, and their
//! encodings; and what strings and sorted sets are also used as: bitmaps, HyperLogLogs, geo
//! indexes.

#![forbid(unsafe_code)]

pub mod bits;
mod footprint;
pub mod geo;

pub mod hash;
pub mod hll;
pub mod intset;
pub mod limits;
pub mod list;
pub mod listpack;
pub mod number;
pub mod parts;
pub mod rng;
mod sample;
pub mod set;
pub mod stream;
pub mod string;
pub mod suggestions;
pub mod table;
pub mod text;
pub mod tree;
pub mod value;
pub mod zset;
