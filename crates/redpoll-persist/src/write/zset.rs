//! Sorted sets: a listpack as it is, a big one member by member.

use crate::kind::value as kind;
use crate::{Sink, length, text};
use redpoll_types::zset::ZSet;

pub(super) fn code(zset: &ZSet) -> u8 {
    match zset.as_listpack() {
        Some(_) => kind::ZSET_LISTPACK,
        None => kind::ZSET_2,
    }
}

pub(super) fn write(sink: &mut impl Sink, zset: &ZSet, compress: bool) {
    if let Some(pairs) = zset.as_listpack() {
        return text::write(sink, pairs.as_bytes(), compress);
    }
    length::write(sink, zset.len() as u64);
    // From the highest score down: so Redis inserts each at the head of its skip list.
    for (member, score) in zset.iter().rev() {
        super::element(sink, member, compress);
        sink.put(&score.to_le_bytes());
    }
}
