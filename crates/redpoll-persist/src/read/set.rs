//! Sets: members one by one, an intset, or a listpack.

use super::packed;
use crate::{Fault, Result, Source, length, text};
use redpoll_types::intset::IntSet;
use redpoll_types::limits::Limits;
use redpoll_types::set::Set;

/// Members one by one.
pub(super) fn plain(source: &mut impl Source, limits: &Limits) -> Result<Set> {
    let count = length::read_plain(source)?;
    let expected = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut set, mut member) = (Set::new(), Vec::new());
    for number in 0..count {
        text::read_into(source, &mut member)?;
        if number == 0 {
            set = Set::for_members(&member, expected, limits);
        }
        if !set.add(&member, limits) {
            return Err(source.error(Fault::Duplicate));
        }
    }
    Ok(set)
}

/// An intset.
pub(super) fn intset(source: &mut impl Source, limits: &Limits) -> Result<Set> {
    let bytes = text::read(source)?;
    let ints = IntSet::from_bytes(bytes.into());
    let ints = ints.map_err(|corrupt| source.error(corrupt.into()))?;
    Ok(Set::from_intset(ints, limits))
}

/// A listpack of members.
pub(super) fn listpack(source: &mut impl Source, limits: &Limits) -> Result<Set> {
    let pack = packed::listpack(source)?;
    Set::from_listpack(pack, limits).map_err(|corrupt| source.error(corrupt.into()))
}
