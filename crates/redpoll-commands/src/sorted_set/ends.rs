//! Taking members off the ends of sorted sets: what ZPOPMIN, ZMPOP and their blocking forms share.

use super::members::Writer;
use crate::prelude::*;
use redpoll_types::zset::ZSet;

/// The argument that names an end.
pub const SIDES: &[Arg] = &[Arg::flag("min", "MIN"), Arg::flag("max", "MAX")];

/// Which members go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those of the lowest scores.
    Min,
    /// Those of the highest scores.
    Max,
}

impl Side {
    /// The command that pops at this side, for the change log.
    pub fn pop_name(self) -> &'static [u8] {
        if self == Side::Min { b"ZPOPMIN" } else { b"ZPOPMAX" }
    }

    fn event(self) -> &'static str {
        if self == Side::Min { "zpopmin" } else { "zpopmax" }
    }
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Members and scores in turn.
    Flat,
    /// Pairs of member and score.
    Pairs,
    /// The key, then members and scores in turn.
    KeyFlat,
    /// The key, and an array of pairs.
    KeyPairs,
}

/// Pops up to `count` members and answers them. Answers their number; nothing has been written if
/// there is no sorted set.
pub fn pop(
    ctx: &mut Ctx<'_>,
    key: &[u8],
    (side, count): (Side, usize),
    shape: Shape,
) -> Result<Option<usize>> {
    let Some(set) = ctx.keys.write::<ZSet>(key)? else { return Ok(None) };
    let len = set.len();
    let count = count.min(len);
    let reply = &mut ctx.reply;
    match shape {
        Shape::Flat | Shape::Pairs => {}
        Shape::KeyFlat => {
            reply.array(1 + 2 * count);
            reply.bulk(key);
        }
        Shape::KeyPairs => {
            reply.array(2);
            reply.bulk(key);
        }
    }
    let mut writer = Writer::scored(reply, matches!(shape, Shape::Pairs | Shape::KeyPairs));
    if shape != Shape::KeyFlat {
        writer.head(count);
    }
    let ranks = if side == Side::Min { 0..count } else { len - count..len };
    let members = set.range(ranks.clone());
    let mut write = |(member, score)| writer.member(member, score);
    match side {
        Side::Min => members.for_each(&mut write),
        Side::Max => members.rev().for_each(&mut write),
    }
    if count == 0 {
        return Ok(Some(0));
    }
    if count < len {
        set.remove_range(ranks);
        ctx.wrote(key, Class::ZSet, side.event(), count as u64);
    } else {
        // The set goes as a whole, which may take long, so it is freed in the background.
        ctx.wrote(key, Class::ZSet, side.event(), count as u64);
        ctx.keys.delete(key);
        ctx.wrote(key, Class::Generic, "del", 0);
    }
    Ok(Some(count))
}
