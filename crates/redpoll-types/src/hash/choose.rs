//! Random fields: HRANDFIELD.

use std::collections::HashSet;

use super::fields::view;
use super::{FieldRef, Hash, Repr};
use crate::rng::Rng;
use crate::sample;
use crate::table::Keyed;

/// Draws that may hit expired fields before the live ones are counted out instead.
const DRAWS: usize = 32;

impl Hash {
    /// A field that has not expired, each with equal probability; `None` when there is none. O(1)
    /// for a big hash of live fields, else O(n).
    pub fn random(&self, now_ms: u64, rng: &mut (impl Rng + ?Sized)) -> Option<FieldRef<'_>> {
        for _ in 0..DRAWS {
            let field = match &self.repr {
                Repr::Packed(packed) => packed.nth(rng.below(packed.len() as u64) as usize)?,
                Repr::Table(fields) => view(fields.table().random(rng)?),
            };
            if !field.expired(now_ms) {
                return Some(field);
            }
        }
        let live = self.live(now_ms).count();
        self.live(now_ms).nth(rng.below(live as u64) as usize)
    }

    /// `count` distinct fields that have not expired, every such choice equally likely; all of them
    /// when there are no more. In no useful order. O(count) where that is little of a big hash,
    /// else O(n).
    pub fn sample(
        &self,
        count: usize,
        now_ms: u64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Vec<FieldRef<'_>> {
        if let Repr::Table(fields) = &self.repr {
            // Expired fields would be drawn in vain; so many are left only for moments.
            let certain = fields.len() - fields.volatile();
            if sample::drawing_is_cheaper(certain, count) {
                return self.draw(count, now_ms, rng);
            }
        }
        let live = self.live(now_ms).count();
        sample::choose(self.live(now_ms), live, count, rng)
    }

    /// Draws one by one. The caller knows that there are far more than `count`.
    fn draw(&self, count: usize, now_ms: u64, rng: &mut (impl Rng + ?Sized)) -> Vec<FieldRef<'_>> {
        let Repr::Table(fields) = &self.repr else { return Vec::new() };
        let mut drawn = HashSet::with_capacity(count);
        let mut chosen = Vec::with_capacity(count);
        while chosen.len() < count {
            let Some(field) = fields.table().random(rng) else { break };
            let view = view(field);
            if !view.expired(now_ms) && drawn.insert(field.key()) {
                chosen.push(view);
            }
        }
        chosen
    }
}
