//! What the keys of a BY pattern hold: in the background read by all threads that have time, each a
//! part of the elements.

use super::Lookup;
use super::elements::Elements;
use super::lookup::AHEAD;
use parking_lot::Mutex;
use redpoll_engine::Engine;
use redpoll_keyspace::Keys;
use redpoll_keyspace::effect::Effects;
use std::ops::Range;
use std::sync::Arc;

/// Elements whose keys are read together.
const PART: u32 = if cfg!(test) { 256 } else { 8 << 10 };

/// What `read` makes of the value that each element leads to. With an engine, keys are locked one
/// by one, and idle threads help.
pub fn weights<T: Send + 'static>(
    keys: &mut Keys<'_>,
    elements: &Arc<Elements>,
    lookup: &Lookup<'_>,
    engine: Option<&Arc<Engine>>,
    read: fn(Option<&[u8]>) -> T,
) -> Vec<T> {
    let count = elements.len() as u32;
    let Some(engine) = engine.filter(|_| count > PART) else {
        return part(keys, elements, lookup, 0..count, read);
    };
    keys.unlock_walk();
    let parts = count.div_ceil(PART) as usize;
    let slots: Arc<Vec<_>> =
        Arc::new((0..parts).map(|_| Mutex::new((Vec::new(), Effects::default()))).collect());
    let (view, shared) = (keys.view(), Arc::clone(&slots));
    let (elements, pattern, pool) = (Arc::clone(elements), lookup.owned(), Arc::clone(engine));
    engine.background.share(parts, move |number| {
        let mut keys = view.keys(&pool.keyspace);
        let start = number as u32 * PART;
        let range = start..count.min(start + PART);
        let weights = part(&mut keys, &elements, &pattern.as_lookup(), range, read);
        keys.unlock_walk();
        *shared[number].lock() = (weights, std::mem::take(&mut keys.effects));
    });
    let mut weights = Vec::with_capacity(count as usize);
    for slot in slots.iter() {
        let (mut part, effects) = std::mem::take(&mut *slot.lock());
        weights.append(&mut part);
        keys.effects.absorb(effects);
    }
    weights
}

fn part<T>(
    keys: &mut Keys<'_>,
    elements: &Elements,
    lookup: &Lookup<'_>,
    range: Range<u32>,
    read: fn(Option<&[u8]>) -> T,
) -> Vec<T> {
    let end = range.end;
    let weight = |index: u32| {
        if (index as usize).is_multiple_of(AHEAD) {
            let next = (index..end).take(AHEAD);
            lookup.ask_for(keys, next.map(|index| elements.get(index)));
        }
        lookup.with(keys, elements.get(index), read)
    };
    range.map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::PART;
    use crate::testing::TestServer;

    #[test]
    fn many_threads_find_the_same_as_one() {
        let (mut one, mut many) = (TestServer::new(), TestServer::with_threads());
        let mut sessions = [one.client(), many.client()];
        let mut both = |line: &str| {
            let [first, second] = &mut sessions;
            let answers = [one.ask(first, line), many.ask(second, line)];
            assert_eq!(answers[0], answers[1], "{line}");
            answers[0].clone()
        };
        let elements: Vec<String> = (0..4 * PART + 9).map(|number| number.to_string()).collect();
        both(&format!("RPUSH l {}", elements.join(" ")));
        for (number, element) in elements.iter().enumerate().filter(|(it, _)| it % 7 > 0) {
            both(&format!("SET w{element} {}", number * 7919 % 500));
            both(&format!("HSET h{element} f {}", number * 31 % 90));
        }
        both("SET w50 x");
        both("PEXPIRE w51 1");
        for order in ["", "DESC", "ALPHA", "ALPHA DESC", "LIMIT 30 900"] {
            assert!(both(&format!("SORT l BY h*->f {order}")).len() > 5000, "{order}");
        }
        assert!(both("SORT l BY w*").starts_with("-ERR One or more scores"));
        both("SORT l BY w* ALPHA STORE d");
        both("LRANGE d 0 -1");
        both(&format!("SET w60 {}", "long".repeat(400)));
        for options in ["BY h*->f", "BY none LIMIT 70 800", "BY none STORE d", "ALPHA STORE d"] {
            both(&format!("SORT l {options} GET # GET w* GET h*->f GET none"));
            both("LRANGE d 0 -1");
        }
        let info = many.ask(&mut sessions[1], "INFO background");
        assert!(!info.contains("background_finished:0"), "{info}");
    }
}
