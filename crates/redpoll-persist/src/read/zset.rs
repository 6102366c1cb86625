//! Sorted sets: members and scores one by one, a ziplist, or a listpack.

use super::{packed, some_room};
use crate::source::{array, byte};
use crate::{Fault, Result, Source, length, text};
use redpoll_types::limits::Limits;
use redpoll_types::listpack::Listpack;
use redpoll_types::number::parse_f64;
use redpoll_types::zset::ZSet;

/// Lengths of scores' texts that mean something else.
const NAN: u8 = 253;
const POSITIVE_INFINITY: u8 = 254;
const NEGATIVE_INFINITY: u8 = 255;

/// Members one by one, each with a score that `score` reads.
pub(super) fn plain<S: Source>(
    source: &mut S,
    score: impl Fn(&mut S) -> Result<f64>,
    limits: &Limits,
) -> Result<ZSet> {
    let count = length::read_plain(source)?;
    let mut members = Vec::with_capacity(some_room(count));
    for _ in 0..count {
        let member = text::read(source)?;
        let score = score(source)?;
        if score.is_nan() {
            return Err(source.error(Fault::Score));
        }
        members.push((member, score));
    }
    let set = ZSet::from_members(members, limits);
    match set.len() as u64 == count {
        true => Ok(set),
        false => Err(source.error(Fault::Duplicate)),
    }
}

/// A score as text, as versions before 8 have it.
pub(super) fn text_score(source: &mut impl Source) -> Result<f64> {
    match byte(source)? {
        NAN => Ok(f64::NAN),
        POSITIVE_INFINITY => Ok(f64::INFINITY),
        NEGATIVE_INFINITY => Ok(f64::NEG_INFINITY),
        len => {
            let mut score = Vec::new();
            source.append(&mut score, len.into())?;
            parse_f64(&score).ok_or_else(|| source.error(Fault::Score))
        }
    }
}

/// A score as the bits of a double.
pub(super) fn binary_score(source: &mut impl Source) -> Result<f64> {
    array(source).map(f64::from_le_bytes)
}

/// A ziplist of members and scores.
pub(super) fn ziplist(source: &mut impl Source, limits: &Limits) -> Result<ZSet> {
    let pairs = packed::ziplist(source)?;
    of_pairs(source, pairs, limits)
}

/// A listpack of members and scores.
pub(super) fn listpack(source: &mut impl Source, limits: &Limits) -> Result<ZSet> {
    let pairs = packed::listpack(source)?;
    of_pairs(source, pairs, limits)
}

fn of_pairs(source: &impl Source, pairs: Listpack, limits: &Limits) -> Result<ZSet> {
    let longest = pairs.iter().step_by(2).map(|member| member.len()).max().unwrap_or(0);
    let set = ZSet::from_listpack(pairs, limits);
    let set = set.map_err(|corrupt| source.error(corrupt.into()))?;
    if longest <= limits.zset_max_listpack_value || set.encoding() == "skiplist" {
        return Ok(set);
    }
    let members = set.iter().map(|(member, score)| (member.to_vec(), score));
    Ok(ZSet::from_members(members, limits))
}
