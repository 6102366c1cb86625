//! The RDB format: how Redis and Valkey write values into DUMP payloads and snapshot files; and
//! where commands begin and end in an append-only file ([`aof`]).
//!
//! [`payload`] packs and unpacks one value; [`file`] writes and reads whole snapshots, record by
//! record. Both stand on the codec of values: [`write`] and [`read`], one file a type, which take
//! bytes from a [`Source`] and give them to a [`Sink`], so that a value, however large, streams.
//!
//! ```text
//! payload | type | value | version: u16 | CRC-64 |
//! file    | REDIS0010 | aux … | database | key: type, key, value | … | end | CRC-64 |
//! ```
//!
//! What is read is trusted in nothing. Every packed encoding is checked to its last byte before it
//! is taken over, old ones (ziplist, zipmap) are rebuilt in today's form, nothing is reserved
//! because its length was announced, and every error says where it is.
//!
//! What is written is the oldest form that can hold the data, so that it is understood as widely
//! as possible: version 10, Redis 7.0, unless fields of a hash expire.
//!
//! Invariants: no file, no socket, no clock here.

#![forbid(unsafe_code)]

pub mod aof;
mod crc64;
mod error;
pub mod file;
mod kind;
mod legacy;
mod length;
mod lzf;
pub mod payload;
mod pieces;
pub mod read;
mod sink;
mod source;
mod text;
pub mod write;

pub use error::{Error, Fault, Result};
pub use pieces::Pieces;
pub use read::{Dialect, Object};
pub use sink::Sink;
pub use source::{ReadSource, SliceSource, Source};
pub use write::ValueRef;
