//! Packed encodings: strings that hold a whole small collection.

use crate::{Fault, Result, Source, legacy, text};
use redpoll_types::listpack::Listpack;

/// A listpack, checked to its last byte.
pub(super) fn listpack(source: &mut impl Source) -> Result<Listpack> {
    let bytes = text::read(source)?;
    Listpack::from_bytes(bytes.into()).map_err(|corrupt| source.error(corrupt.into()))
}

/// A listpack made of what a function makes of the bytes.
fn converted(
    source: &mut impl Source,
    convert: impl FnOnce(&[u8]) -> std::result::Result<Listpack, Fault>,
) -> Result<Listpack> {
    let bytes = text::read(source)?;
    convert(&bytes).map_err(|fault| source.error(fault))
}

/// A ziplist, as a listpack.
pub(super) fn ziplist(source: &mut impl Source) -> Result<Listpack> {
    converted(source, legacy::from_ziplist)
}

/// A zipmap, as a listpack.
pub(super) fn zipmap(source: &mut impl Source) -> Result<Listpack> {
    converted(source, legacy::from_zipmap)
}
