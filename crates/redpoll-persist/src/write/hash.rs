//! Hashes: a listpack as it is, a big one field by field, with expiries if there are any.

use crate::kind::value as kind;
use crate::{Sink, length, text};
use redpoll_types::hash::{FieldRef, Hash};

pub(super) fn code(hash: &Hash) -> u8 {
    match (hash.as_listpack(), hash.volatile_len() > 0) {
        (Some((_, false)), _) => kind::HASH_LISTPACK,
        (Some((_, true)), true) => kind::HASH_LISTPACK_EX,
        (None, true) => kind::HASH_METADATA,
        // A listpack with room for expiries that no field has is newer than what it holds.
        (_, false) => kind::HASH,
    }
}

pub(super) fn write(sink: &mut impl Sink, hash: &Hash, compress: bool) {
    let earliest = hash.next_expiry().unwrap_or(0);
    match code(hash) {
        kind::HASH_METADATA => {
            sink.put(&earliest.to_le_bytes());
            length::write(sink, hash.len() as u64);
            for field in hash.iter() {
                let expiry = field.expiry.map_or(0, |at| at - earliest + 1);
                length::write(sink, expiry);
                write_field(sink, field, compress);
            }
        }
        kind::HASH => {
            length::write(sink, hash.len() as u64);
            hash.iter().for_each(|field| write_field(sink, field, compress));
        }
        code => {
            if code == kind::HASH_LISTPACK_EX {
                sink.put(&earliest.to_le_bytes());
            }
            let pack = hash.as_listpack().map_or(&[][..], |(pack, _)| pack.as_bytes());
            text::write(sink, pack, compress);
        }
    }
}

fn write_field(sink: &mut impl Sink, field: FieldRef<'_>, compress: bool) {
    super::element(sink, field.name, compress);
    super::element(sink, field.value, compress);
}
