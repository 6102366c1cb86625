//! Search over documents: text, tags, numbers, places and vectors.
//!
//! The crate knows neither RESP nor sockets nor the keyspace: it is handed documents and queries,
//! and answers with results. Queries run on snapshots, beside the writers.

#![forbid(unsafe_code)]

pub mod aggregate;
pub mod analysis;
pub mod dictionary;
mod distance;
pub mod document;
mod escape;
pub mod execute;
pub mod expression;
pub mod highlight;
pub mod index;
pub mod number;
pub mod query;
pub mod schema;
pub mod score;
mod shape;
pub mod spelling;
pub mod synonym;
mod vector;

pub use document::{Document, DocumentError};
pub use index::{DocAddress, Index, Snapshot};
