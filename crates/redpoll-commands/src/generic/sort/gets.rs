//! What the keys of GET patterns hold, in the order of the answer: in the background read by all
//! threads that have time, each a part of the elements.
//!
//! Parts are read ahead, some at a time, so that no more than these are in memory. A part ends
//! early where its values are long; its rest is read while it is answered.

use super::elements::Elements;
use super::lookup::{AHEAD, Lookup, OwnedLookup};
use super::options::Options;
use crate::crew::Crew;
use redpoll_engine::Engine;
use redpoll_keyspace::Keys;
use redpoll_keyspace::effect::Effects;
use std::sync::Arc;

/// Elements whose keys are read together.
const PART: usize = if cfg!(test) { 64 } else { 2 << 10 };
/// Parts that are read ahead.
const PARTS: usize = 16;
/// Bytes of values with which a part ends.
const BYTES: usize = if cfg!(test) { 600 } else { 128 << 10 };

/// What was found for some elements.
#[derive(Default)]
struct Found {
    bytes: Vec<u8>,
    /// Where each value ends; none where there is none.
    ends: Vec<Option<usize>>,
    /// The number of elements.
    elements: usize,
    effects: Effects,
}

impl Found {
    fn push(&mut self, value: Option<&[u8]>) {
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.ends.push(value.map(|_| self.bytes.len()));
    }

    fn values(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let value = end.map(|end| &self.bytes[start..end]);
            start = end.unwrap_or(start);
            value
        })
    }
}

/// Shows what all GET patterns find for each of these elements, in their order. With an engine,
/// keys are locked one by one, and idle threads help.
pub fn each(
    keys: &mut Keys<'_>,
    elements: &Arc<Elements>,
    order: &[u32],
    options: &Options<'_>,
    engine: Option<&Arc<Engine>>,
    mut show: impl FnMut(Option<&[u8]>),
) {
    let Some(engine) = engine.filter(|_| options.in_pieces && order.len() > PART) else {
        return one_by_one(keys, elements, order, options, show);
    };
    let patterns: Arc<[OwnedLookup]> = options.gets.iter().map(Lookup::owned).collect();
    for window in order.chunks(PART * PARTS) {
        keys.unlock_walk();
        let found = ahead(keys, elements, window, &patterns, engine);
        for (part, found) in window.chunks(PART).zip(found) {
            found.values().for_each(&mut show);
            keys.effects.absorb(found.effects);
            one_by_one(keys, elements, &part[found.elements..], options, &mut show);
        }
    }
}

fn ahead(
    keys: &Keys<'_>,
    elements: &Arc<Elements>,
    window: &[u32],
    patterns: &Arc<[OwnedLookup]>,
    engine: &Arc<Engine>,
) -> Vec<Found> {
    let (view, window) = (keys.view(), Arc::<[u32]>::from(window));
    let (elements, patterns) = (Arc::clone(elements), Arc::clone(patterns));
    let parts = window.len().div_ceil(PART);
    let pool = Arc::clone(engine);
    Crew::with(engine).each(parts, move |number| {
        let mut keys = view.keys(&pool.keyspace);
        let mut found = Found::default();
        let part = window.chunks(PART).nth(number).unwrap_or_default();
        let gets: Vec<Lookup<'_>> = patterns.iter().map(OwnedLookup::as_lookup).collect();
        for some in part.chunks(AHEAD) {
            if found.bytes.len() >= BYTES {
                break;
            }
            ask_for(&keys, &elements, some, &gets);
            for &index in some {
                for get in &gets {
                    get.with(&mut keys, elements.get(index), |value| found.push(value));
                }
                keys.unlock_walk();
            }
            found.elements += some.len();
        }
        found.effects = std::mem::take(&mut keys.effects);
        found
    })
}

fn one_by_one(
    keys: &mut Keys<'_>,
    elements: &Elements,
    order: &[u32],
    options: &Options<'_>,
    mut show: impl FnMut(Option<&[u8]>),
) {
    for some in order.chunks(AHEAD) {
        ask_for(keys, elements, some, &options.gets);
        for &index in some {
            for get in &options.gets {
                get.with(keys, elements.get(index), &mut show);
            }
            if options.unlocks {
                keys.unlock_walk();
            }
        }
    }
}

fn ask_for(keys: &Keys<'_>, elements: &Elements, some: &[u32], gets: &[Lookup<'_>]) {
    for get in gets {
        get.ask_for(keys, some.iter().map(|&index| elements.get(index)));
    }
}
