//! Sets: an intset as it is, all others member by member.

use crate::kind::value as kind;
use crate::{Sink, length, text};
use redpoll_types::set::Set;

pub(super) fn code(set: &Set) -> u8 {
    match set.as_intset() {
        Some(_) => kind::SET_INTSET,
        None => kind::SET,
    }
}

pub(super) fn write(sink: &mut impl Sink, set: &Set, compress: bool) {
    if let Some(ints) = set.as_intset() {
        return text::write(sink, ints.as_bytes(), compress);
    }
    length::write(sink, set.len() as u64);
    set.iter().for_each(|member| super::element(sink, member, compress));
}
