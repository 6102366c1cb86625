//! Random members: SRANDMEMBER and SPOP.

use std::collections::HashSet;

use super::{Repr, Set};
use crate::listpack::Element;
use crate::rng::Rng;
use crate::sample;
use crate::table::Keyed;

impl Set {
    /// A member, each with equal probability; `None` when empty. O(1), but O(n) for a listpack.
    pub fn random(&self, rng: &mut (impl Rng + ?Sized)) -> Option<Element<'_>> {
        match &self.repr {
            Repr::Ints(ints) => ints.random(rng).map(Element::Int),
            Repr::Packed(pack) => pack.get(rng.below(pack.len() as u64) as i64),
            Repr::Table(table) => table.random(rng).map(|member| Element::Bytes(member.key())),
        }
    }

    /// `count` distinct members, every such choice equally likely; all of them when there are no
    /// more. In no useful order. O(count) where that is little of a big set, else O(n).
    pub fn sample(&self, count: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<Element<'_>> {
        let Repr::Table(table) = &self.repr else {
            return sample::choose(self.iter(), self.len(), count, rng);
        };
        if !sample::drawing_is_cheaper(table.len(), count) {
            return sample::choose(self.iter(), table.len(), count, rng);
        }
        let mut drawn = HashSet::with_capacity(count);
        while drawn.len() < count {
            let Some(member) = table.random(rng) else { break };
            drawn.insert(member.key());
        }
        drawn.into_iter().map(Element::Bytes).collect()
    }

    /// Removes and returns a member, each with equal probability; `None` when empty. Costs as
    /// [`Set::random`].
    pub fn pop(&mut self, rng: &mut (impl Rng + ?Sized)) -> Option<Vec<u8>> {
        match &mut self.repr {
            Repr::Ints(ints) => {
                let value = ints.take(rng.below(ints.len() as u64) as usize)?;
                Some(Element::Int(value).to_vec())
            }
            Repr::Packed(pack) => {
                let cursor = pack.seek(rng.below(pack.len() as u64) as i64)?;
                let member = pack.at(cursor).to_vec();
                pack.remove(cursor);
                Some(member)
            }
            Repr::Table(table) => {
                let key = table.random(rng)?.clone();
                table.remove(key.key()).map(super::Member::into_vec)
            }
        }
    }

    /// Removes and returns `count` members, or all when there are no more. O(count), but
    /// O(count · n) for a small set.
    pub fn pop_many(&mut self, count: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<Vec<u8>> {
        if count >= self.len() {
            let all = self.iter().map(|element| element.to_vec()).collect();
            *self = Self::new();
            return all;
        }
        (0..count).map_while(|_| self.pop(rng)).collect()
    }
}
