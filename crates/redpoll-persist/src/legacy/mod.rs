//! Packed encodings that are read but no longer written: they become listpacks.

mod ziplist;
mod zipmap;

pub(crate) use ziplist::from_ziplist;
pub(crate) use zipmap::from_zipmap;
