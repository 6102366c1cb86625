//! One member added or given another score: the rules of ZADD and ZINCRBY.

use super::{Repr, ZSet, packed};
use crate::limits::Limits;

/// How [`ZSet::update`] treats a member; by default it sets the score whatever was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// NX: leave members that are there as they are.
    pub only_new: bool,
    /// XX: add nothing.
    pub only_present: bool,
    /// GT: change a score only to a greater one. Members that are not there are added.
    pub only_greater: bool,
    /// LT: change a score only to a smaller one. Members that are not there are added.
    pub only_less: bool,
    /// INCR: the given score is added to the present one, or to 0.
    pub increment: bool,
}

/// What [`ZSet::update`] did. The numbers are the scores that resulted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Updated {
    /// The member is new.
    Added(f64),
    /// The member has another score now.
    Changed(f64),
    /// The member had this score already.
    Same(f64),
    /// The options forbade it; nothing was changed.
    Refused,
    /// The score, or the sum, is not a number; nothing was changed. Redis's error: "resulting score
    /// is not a number (NaN)".
    NotANumber,
}

impl Updated {
    /// The score of the member now; `None` if nothing was done.
    pub fn score(self) -> Option<f64> {
        match self {
            Updated::Added(score) | Updated::Changed(score) | Updated::Same(score) => Some(score),
            Updated::Refused | Updated::NotANumber => None,
        }
    }
}

impl ZSet {
    /// Adds `member` with `score`, or changes its score, as `how` allows. O(log n).
    pub fn update(&mut self, member: &[u8], score: f64, how: Update, limits: &Limits) -> Updated {
        if score.is_nan() {
            return Updated::NotANumber;
        }
        let Some(current) = self.score(member) else {
            if how.only_present {
                return Updated::Refused;
            }
            self.add(member, score, limits);
            return Updated::Added(score);
        };
        if how.only_new {
            return Updated::Refused;
        }
        let score = if how.increment { score + current } else { score };
        if score.is_nan() {
            return Updated::NotANumber;
        }
        if how.only_less && score >= current || how.only_greater && score <= current {
            return Updated::Refused;
        }
        if score == current {
            return Updated::Same(current);
        }
        self.change(member, current, score);
        Updated::Changed(score)
    }

    /// Adds `member` with `score`, or gives it that score; the plain ZADD. O(log n).
    pub fn insert(&mut self, member: &[u8], score: f64, limits: &Limits) -> Updated {
        self.update(member, score, Update::default(), limits)
    }

    /// Adds a member that is not there.
    fn add(&mut self, member: &[u8], score: f64, limits: &Limits) {
        if let Repr::Packed(pairs) = &mut self.repr {
            let fits = packed::len(pairs) < limits.zset_max_listpack_entries
                && member.len() <= limits.zset_max_listpack_value
                && pairs.can_grow(member.len());
            if fits {
                return packed::insert(pairs, member, score);
            }
        }
        self.unpack().insert(member, score);
    }

    /// Changes the score of a member that is there.
    fn change(&mut self, member: &[u8], old: f64, new: f64) {
        match &mut self.repr {
            Repr::Packed(pairs) => {
                if let Some((cursor, _)) = packed::find(pairs, member) {
                    packed::remove(pairs, cursor);
                    packed::insert(pairs, member, new);
                }
            }
            Repr::Big(big) => big.change(member, old, new),
        }
    }
}
