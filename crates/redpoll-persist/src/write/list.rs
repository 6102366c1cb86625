//! Lists: their chunks as nodes.

use crate::{Sink, length, text};
use redpoll_types::list::{ChunkRef, List};

const PLAIN: u64 = 1;
const PACKED: u64 = 2;

pub(super) fn write(sink: &mut impl Sink, list: &List, compress: bool) {
    length::write(sink, list.chunks().count() as u64);
    for chunk in list.chunks() {
        let (kind, bytes) = match chunk {
            ChunkRef::Packed(listpack) => (PACKED, listpack.as_bytes()),
            ChunkRef::Plain(element) => (PLAIN, element),
        };
        length::write(sink, kind);
        text::write(sink, bytes, compress);
    }
}
