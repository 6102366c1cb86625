//! The values of the keyspace: string, list, hash, set, sorted set, and their encodings.

pub mod tree;
