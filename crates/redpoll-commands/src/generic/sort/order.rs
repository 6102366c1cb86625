//! The order of the elements: their weights, and the comparison.

use super::Lookup;
use super::elements::Elements;
use super::options::{By, Options};
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_types::number::parse_f64;
use std::cmp::Ordering;

/// The numbers of the wanted elements in the order that is asked for.
pub fn order(keys: &mut Keys<'_>, elements: &Elements, options: &Options<'_>) -> Result<Vec<u32>> {
    let count =
        u32::try_from(elements.len()).map_err(|_| Error::text("ERR too many elements to sort"))?;
    let all: Vec<u32> = (0..count).collect();
    let by = match &options.by {
        By::Element => None,
        By::Key(lookup) => Some(lookup),
        By::Nothing if elements.ordered => return Ok(in_place(all, options)),
        // What is stored, or a script goes by, must not depend on the set's own order, which nobody
        // promises.
        By::Nothing if options.store.is_some() || options.for_script => {
            return Ok(sorted(all, options, |a, b| elements.get(a).cmp(elements.get(b))));
        }
        By::Nothing => return Ok(part(all, options)),
    };
    match (options.alpha, by) {
        (true, None) => Ok(sorted(all, options, |a, b| elements.get(a).cmp(elements.get(b)))),
        (true, Some(lookup)) => {
            let weights = texts(keys, elements, lookup);
            unlock(keys, options);
            let weight = |index: u32| weights[index as usize].as_deref();
            // Elements of the same weight stay as they came, in either direction.
            let tie = |a: u32, b: u32| if options.descending { b.cmp(&a) } else { a.cmp(&b) };
            Ok(sorted(all, options, |a, b| weight(a).cmp(&weight(b)).then(tie(a, b))))
        }
        (false, _) => {
            let weights = numbers(keys, elements, by)?;
            unlock(keys, options);
            let weight = |index: u32| weights[index as usize];
            Ok(sorted(all, options, |a, b| {
                let by_weight = weight(a).partial_cmp(&weight(b)).unwrap_or(Ordering::Equal);
                by_weight.then_with(|| elements.get(a).cmp(elements.get(b)))
            }))
        }
    }
}

/// What was read in its own order, or in its reverse; LIMIT has been heeded already.
fn in_place(mut all: Vec<u32>, options: &Options<'_>) -> Vec<u32> {
    if options.descending {
        all.reverse();
    }
    all
}

fn part(mut all: Vec<u32>, options: &Options<'_>) -> Vec<u32> {
    let window = options.window(all.len());
    all.truncate(window.end);
    all.drain(..window.start);
    all
}

/// Sorts as far as LIMIT needs it.
fn sorted(
    mut all: Vec<u32>,
    options: &Options<'_>,
    compare: impl Fn(u32, u32) -> Ordering,
) -> Vec<u32> {
    let compare = |a: &u32, b: &u32| match options.descending {
        true => compare(*b, *a),
        false => compare(*a, *b),
    };
    let window = options.window(all.len());
    if window.is_empty() {
        return Vec::new();
    }
    if window.end < all.len() {
        all.select_nth_unstable_by(window.end, compare);
        all.truncate(window.end);
    }
    all.sort_by(compare);
    all.drain(..window.start);
    all
}

/// Others need not wait for the sorting.
fn unlock(keys: &mut Keys<'_>, options: &Options<'_>) {
    if options.unlocks {
        keys.unlock_walk();
    }
}

fn texts(keys: &mut Keys<'_>, elements: &Elements, lookup: &Lookup<'_>) -> Vec<Option<Box<[u8]>>> {
    let text = |index| lookup.with(keys, elements.get(index), |value| value.map(Box::from));
    (0..elements.len() as u32).map(text).collect()
}

/// The weights as numbers; what has no weight counts as 0.
fn numbers(
    keys: &mut Keys<'_>,
    elements: &Elements,
    lookup: Option<&Lookup<'_>>,
) -> Result<Vec<f64>> {
    let number = |index| {
        let element = elements.get(index);
        let weight = match lookup {
            None => number(element),
            Some(lookup) => lookup.with(keys, element, |value| value.map_or(Some(0.0), number)),
        };
        weight.ok_or(Error::text("ERR One or more scores can't be converted into double"))
    };
    (0..elements.len() as u32).map(number).collect()
}

/// Reads a number as C's strtod does: blanks may stand before it, and nothing at all is 0.
fn number(text: &[u8]) -> Option<f64> {
    let trimmed = text.trim_ascii_start();
    if text.is_empty() { Some(0.0) } else { parse_f64(trimmed) }
}
