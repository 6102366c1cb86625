//! The sorting itself: by all threads that have time, where there is much to sort.
//!
//! What is compared lies in the array that is sorted: eight bytes that stand for an element's
//! weight, and its number. Only where these are equal is anything else looked at. In the background
//! the array is cut into runs, which are sorted and merged in pairs as parts of one task
//! ([`Background::share`]); between two parts a task ends whose client has gone.

use parking_lot::Mutex;
use redpoll_engine::background::{self, Background};
use std::cmp::Ordering;
use std::mem::take;
use std::sync::Arc;

/// Elements that are sorted at once: few enough for a core's own cache.
const RUN: usize = 32 << 10;

/// An element to be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Stands for its weight: a lower one comes first.
    pub rank: u64,
    /// Its number.
    pub index: u32,
}

/// What stands for a number, which is none of those that are no numbers.
pub fn rank_of_number(number: f64) -> u64 {
    // Both zeros are equal.
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// What stands for a text: its beginning. Texts of the same rank may still differ.
pub fn rank_of_text(text: &[u8]) -> u64 {
    let mut start = [0; 8];
    let len = text.len().min(8);
    start[..len].copy_from_slice(&text[..len]);
    u64::from_be_bytes(start)
}

/// Sorts by rank, and by `tie` where that is equal; elements for which that is equal, too, are
/// taken to be the same. With a pool, its idle threads help.
pub fn sort<T>(mut all: Vec<Ranked>, tie: T, pool: Option<&Background>) -> Vec<Ranked>
where
    T: Fn(u32, u32) -> Ordering + Send + Sync + 'static,
{
    let compare =
        move |a: &Ranked, b: &Ranked| a.rank.cmp(&b.rank).then_with(|| tie(a.index, b.index));
    let Some(pool) = pool.filter(|_| all.len() > RUN) else {
        all.sort_unstable_by(compare);
        return all;
    };
    let compare = Arc::new(compare);
    let runs = all.chunks(RUN).map(|run| (run.to_vec(), Vec::new())).collect();
    drop(all);
    let by = Arc::clone(&compare);
    let mut runs = each(pool, runs, move |(mut run, _)| {
        run.sort_unstable_by(&*by);
        run
    });
    while runs.len() > 1 {
        let pairs = runs.chunks_mut(2).map(|pair| match pair {
            [a, b] => (take(a), take(b)),
            rest => (rest.first_mut().map(take).unwrap_or_default(), Vec::new()),
        });
        let pairs = pairs.collect();
        let by = Arc::clone(&compare);
        runs = each(pool, pairs, move |(a, b)| merge(a, b, &*by));
    }
    runs.pop().unwrap_or_default()
}

type Pair = (Vec<Ranked>, Vec<Ranked>);

/// Makes one run of each pair, on all threads that have time.
fn each(
    pool: &Background,
    pairs: Vec<Pair>,
    work: impl Fn(Pair) -> Vec<Ranked> + Send + Sync + 'static,
) -> Vec<Vec<Ranked>> {
    let slots: Arc<Vec<Mutex<Pair>>> = Arc::new(pairs.into_iter().map(Mutex::new).collect());
    let shared = Arc::clone(&slots);
    pool.share(slots.len(), move |number| {
        background::check();
        let pair = take(&mut *shared[number].lock());
        shared[number].lock().0 = work(pair);
    });
    slots.iter().map(|slot| take(&mut slot.lock().0)).collect()
}

fn merge(
    a: Vec<Ranked>,
    b: Vec<Ranked>,
    compare: impl Fn(&Ranked, &Ranked) -> Ordering,
) -> Vec<Ranked> {
    if b.is_empty() {
        return a;
    }
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (&a[..], &b[..]);
    while let ([first_a, rest_a @ ..], [first_b, rest_b @ ..]) = (a, b) {
        if compare(first_b, first_a).is_lt() {
            merged.push(*first_b);
            b = rest_b;
        } else {
            merged.push(*first_a);
            a = rest_a;
        }
    }
    merged.extend_from_slice(a);
    merged.extend_from_slice(b);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;
    use proptest::prelude::*;

    #[test]
    fn many_threads_come_to_the_same_as_one() {
        let server = TestServer::with_threads();
        let pool = &server.engine.background;
        for len in [0, 1, RUN, RUN + 1, 2 * RUN, 5 * RUN + 17] {
            let ranked = |index: u32| Ranked {
                rank: u64::from(index.wrapping_mul(2_654_435_761) >> 16),
                index,
            };
            let all: Vec<Ranked> = (0..len as u32).map(ranked).collect();
            let mut expected = all.clone();
            expected.sort_by_key(|it| (it.rank, std::cmp::Reverse(it.index)));
            let tie = |a: u32, b: u32| b.cmp(&a);
            assert_eq!(sort(all.clone(), tie, Some(pool)), expected, "{len}");
            assert_eq!(sort(all, tie, None), expected, "{len}");
        }
    }

    #[test]
    fn zeros_are_equal() {
        assert_eq!(rank_of_number(-0.0), rank_of_number(0.0));
    }

    proptest! {
        #[test]
        fn ranks_keep_the_order(
            a in any::<f64>(), b in any::<f64>(), text: Vec<u8>, other: Vec<u8>,
        ) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let by_rank = rank_of_number(a).cmp(&rank_of_number(b));
            prop_assert_eq!(Some(by_rank), a.partial_cmp(&b));
            let by_rank = rank_of_text(&text).cmp(&rank_of_text(&other));
            prop_assert!(by_rank == Ordering::Equal || by_rank == text.cmp(&other));
        }
    }
}
