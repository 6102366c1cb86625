//! The order of the elements: their weights, and the comparison.

use super::Lookup;
use super::elements::Elements;
use super::options::{By, Options};
use super::runs::{Ranked, rank_of_number, rank_of_text, sort};
use super::weights::weights;
use crate::prelude::*;
use redpoll_engine::Engine;
use redpoll_engine::background::Background;
use redpoll_keyspace::Keys;
use redpoll_types::number::parse_f64;
use std::cmp::Ordering;
use std::sync::Arc;

/// The numbers of the wanted elements in the order that is asked for. With an engine, idle threads
/// of its background help.
pub fn order(
    keys: &mut Keys<'_>,
    elements: &Arc<Elements>,
    options: &Options<'_>,
    engine: Option<&Arc<Engine>>,
) -> Result<Vec<u32>> {
    let pool = engine.map(|engine| &engine.background);
    let count =
        u32::try_from(elements.len()).map_err(|_| Error::text("ERR too many elements to sort"))?;
    let all = 0..count;
    let by = match &options.by {
        By::Element => None,
        By::Key(lookup) => Some(lookup),
        By::Nothing if elements.ordered => return Ok(in_place(all.collect(), options)),
        // What is stored, or a script goes by, must not depend on the set's own order, which nobody
        // promises.
        By::Nothing if options.store.is_some() || options.for_script => {
            return Ok(by_text(elements, options, pool));
        }
        By::Nothing => return Ok(part(all.collect(), options)),
    };
    match (options.alpha, by) {
        (true, None) => Ok(by_text(elements, options, pool)),
        (true, Some(lookup)) => {
            let text = |value: Option<&[u8]>| value.map(Box::<[u8]>::from);
            let weights = weights(keys, elements, lookup, engine, text);
            unlock(keys, options);
            let rank = |index: u32| rank_of_text(weights[index as usize].as_deref().unwrap_or(b""));
            let ranked = all.map(|index| Ranked { rank: rank(index), index }).collect();
            let descending = options.descending;
            let tie = move |a: u32, b: u32| {
                let weight = |index: u32| weights[index as usize].as_deref();
                // Elements of the same weight stay as they came, in either direction.
                let as_they_came = if descending { b.cmp(&a) } else { a.cmp(&b) };
                weight(a).cmp(&weight(b)).then(as_they_came)
            };
            Ok(sorted(ranked, options, tie, pool))
        }
        (false, _) => {
            let numbers = numbers(keys, elements, by, engine)?;
            unlock(keys, options);
            let ranked = |(index, number)| Ranked { rank: rank_of_number(number), index };
            let ranked = all.zip(numbers).map(ranked).collect();
            Ok(sorted(ranked, options, compare_texts(elements), pool))
        }
    }
}

fn by_text(elements: &Arc<Elements>, options: &Options<'_>, pool: Option<&Background>) -> Vec<u32> {
    let ranked = |index| Ranked { rank: rank_of_text(elements.get(index)), index };
    let ranked = (0..elements.len() as u32).map(ranked).collect();
    sorted(ranked, options, compare_texts(elements), pool)
}

fn compare_texts(
    elements: &Arc<Elements>,
) -> impl Fn(u32, u32) -> Ordering + Send + Sync + 'static {
    let elements = Arc::clone(elements);
    move |a, b| elements.get(a).cmp(elements.get(b))
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
    mut all: Vec<Ranked>,
    options: &Options<'_>,
    tie: impl Fn(u32, u32) -> Ordering + Send + Sync + 'static,
    pool: Option<&Background>,
) -> Vec<u32> {
    let window = options.window(all.len());
    if window.is_empty() {
        return Vec::new();
    }
    let descending = options.descending;
    if descending {
        all.iter_mut().for_each(|it| it.rank = !it.rank);
    }
    let tie = move |a: u32, b: u32| if descending { tie(b, a) } else { tie(a, b) };
    if window.end < all.len() {
        let compare =
            |a: &Ranked, b: &Ranked| a.rank.cmp(&b.rank).then_with(|| tie(a.index, b.index));
        all.select_nth_unstable_by(window.end, compare);
        all.truncate(window.end);
    }
    let sorted = sort(all, tie, pool);
    sorted[window].iter().map(|it| it.index).collect()
}

/// Others need not wait for the sorting.
fn unlock(keys: &mut Keys<'_>, options: &Options<'_>) {
    if options.unlocks {
        keys.unlock_walk();
    }
}

/// The weights as numbers; what has no weight counts as 0.
fn numbers(
    keys: &mut Keys<'_>,
    elements: &Arc<Elements>,
    lookup: Option<&Lookup<'_>>,
    engine: Option<&Arc<Engine>>,
) -> Result<Vec<f64>> {
    let numbers: Option<Vec<f64>> = match lookup {
        None => (0..elements.len() as u32).map(|index| number(elements.get(index))).collect(),
        Some(lookup) => {
            let read = |value: Option<&[u8]>| value.map_or(Some(0.0), number);
            weights(keys, elements, lookup, engine, read).into_iter().collect()
        }
    };
    numbers.ok_or(Error::text("ERR One or more scores can't be converted into double"))
}

/// Reads a number as C's strtod does: blanks may stand before it, and nothing at all is 0.
fn number(text: &[u8]) -> Option<f64> {
    let trimmed = text.trim_ascii_start();
    if text.is_empty() { Some(0.0) } else { parse_f64(trimmed) }
}
