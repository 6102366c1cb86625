//! Choosing several at random without choosing one twice.

use crate::rng::Rng;

/// Chooses `count` of the `len` items that `items` yields, every such choice equally likely, in the
/// order they come. All of them when `count` is `len` or more. O(len).
///
/// Walks the items once and takes each with the probability that the still missing bear to the
/// still coming; nothing has to be remembered but the chosen.
pub(crate) fn choose<T>(
    items: impl Iterator<Item = T>,
    len: usize,
    count: usize,
    rng: &mut (impl Rng + ?Sized),
) -> Vec<T> {
    let mut missing = count.min(len);
    let mut chosen = Vec::with_capacity(missing);
    for (item, coming) in items.zip((1..=len).rev()) {
        if missing == 0 {
            break;
        }
        if rng.below(coming as u64) < missing as u64 {
            chosen.push(item);
            missing -= 1;
        }
    }
    chosen
}

/// Whether drawing `count` distinct ones of `len` one by one, and again where one comes twice, is
/// cheaper than walking all of them.
pub(crate) fn drawing_is_cheaper(len: usize, count: usize) -> bool {
    count.saturating_mul(3) < len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SmallRng;

    #[test]
    fn every_choice_is_as_likely() {
        let mut rng = SmallRng::new(4);
        let mut counts = std::collections::HashMap::new();
        for _ in 0..6_000 {
            *counts.entry(choose(0..4, 4, 2, &mut rng)).or_insert(0) += 1;
        }
        // Six pairs of four items, 1,000 expected of each, standard deviation 29.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn takes_no_more_than_there_are() {
        let mut rng = SmallRng::new(4);
        assert_eq!(choose(0..3, 3, 9, &mut rng), [0, 1, 2]);
        assert_eq!(choose(0..3, 3, 0, &mut rng), []);
        assert_eq!(choose(std::iter::empty::<u8>(), 0, 2, &mut rng), []);
    }
}
