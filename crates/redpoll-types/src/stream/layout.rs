//! The parts of a node's listpack: reading and writing single elements and entries.

use crate::footprint;
use crate::listpack::codec::{self, Encoded};
use redpoll_memory::tiers;

/// Bytes of a listpack before its first element.
pub(super) const HEADER: usize = 6;
/// The element count that means "unknown".
pub(super) const COUNT_UNKNOWN: u16 = u16::MAX;
/// A flag: the entry is deleted.
pub(super) const DELETED: i64 = 1;
/// A flag: the entry's fields have the names of the node's head.
pub(super) const SAME_FIELDS: i64 = 2;

/// The integer at `at`, and the length of its element.
pub(super) fn integer(bytes: &[u8], at: usize) -> (i64, usize) {
    let (element, len) = codec::decode(bytes, at);
    (element.as_i64().unwrap_or(0), len)
}

/// The place `count` elements behind `at`.
pub(super) fn skip(bytes: &[u8], mut at: usize, count: usize) -> usize {
    for _ in 0..count {
        at += codec::entry_len(bytes, at);
    }
    at
}

pub(super) fn put(bytes: &mut Vec<u8>, element: &Encoded<'_>) {
    element.append_to(bytes);
}

/// Appends an entry that is `distance` from the node's id; returns the number of its elements.
pub(super) fn write_entry<'w>(
    bytes: &mut Vec<u8>,
    distance: (i64, i64),
    words: impl Iterator<Item = &'w [u8]>,
    same_fields: bool,
) -> usize {
    put(bytes, &Encoded::integer(if same_fields { SAME_FIELDS } else { 0 }));
    put(bytes, &Encoded::integer(distance.0));
    put(bytes, &Encoded::integer(distance.1));
    let mut elements = 3;
    if same_fields {
        for value in words.skip(1).step_by(2) {
            put(bytes, &Encoded::text(value));
            elements += 1;
        }
    } else {
        // The number of fields is known only behind them; it is put before them then.
        let (at, mut count) = (bytes.len(), 0);
        for word in words {
            put(bytes, &Encoded::text(word));
            count += 1;
        }
        let end = bytes.len();
        put(bytes, &Encoded::integer(count as i64 / 2));
        let len = bytes.len() - end;
        bytes[at..].rotate_right(len);
        elements += count + 1;
    }
    put(bytes, &Encoded::integer(elements as i64));
    elements + 1
}

/// Makes room for `more` bytes, in steps that follow the allocator's size classes.
pub(super) fn make_room(bytes: &mut Vec<u8>, more: usize) {
    if bytes.capacity() - bytes.len() < more {
        let wanted = footprint::allocated(bytes.len() + more);
        bytes.reserve_exact(wanted - bytes.len());
        tiers::settle(bytes, more);
    }
}

pub(super) fn stated_count(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[4], bytes[5]])
}

pub(super) fn write_header(bytes: &mut [u8], count: usize) {
    // A node is kept below NODE_BYTES_MAX and one entry more, which fits 32 bits.
    let total = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
    bytes[..4].copy_from_slice(&total.to_le_bytes());
    bytes[4..HEADER].copy_from_slice(&count.to_le_bytes());
}

/// Puts an integer in the place of the element at `at`.
pub(super) fn set_integer(bytes: &mut Vec<u8>, at: usize, value: i64) {
    let old = codec::entry_len(bytes, at);
    let new = Encoded::integer(value);
    if new.len() == old {
        new.write(&mut bytes[at..at + old]);
        return;
    }
    let mut element = Vec::with_capacity(new.len());
    new.append_to(&mut element);
    bytes.splice(at..at + old, element);
    let total = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&total.to_le_bytes());
}
