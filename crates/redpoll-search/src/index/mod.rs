//! The index itself: a mutable head, immutable segments, and the snapshots that queries run on.

pub mod bits;
pub mod dict;
pub mod packed;
pub mod postings;
pub mod varint;
