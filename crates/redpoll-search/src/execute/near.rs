//! Words that have to stand near one another.

use std::ops::RangeInclusive;

/// How near words must stand to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    /// How many other words may stand between them; none for any number.
    pub slop: Option<u32>,
    /// Whether they stand in the order of the query.
    pub in_order: bool,
}

impl Near {
    /// How far the second of two words may stand behind the first, if they are these of so many.
    /// Words that stand otherwise are not near; those that stand so may be.
    pub fn between(self, words: usize, first: usize, second: usize) -> RangeInclusive<i64> {
        let slop = i64::from(self.slop.unwrap_or(u32::MAX));
        let steps = second as i64 - first as i64;
        match self.in_order {
            // Those between them take a place each.
            true if steps > 0 => steps..=steps + slop,
            true => steps - slop..=steps,
            false => {
                let most = words as i64 - 1 + slop;
                -most..=most
            }
        }
    }
}

/// Whether any position of the second word is so far behind any of the first. Both are distances
/// from one position to the next.
pub fn any_between(first: &[u32], second: &[u32], wanted: &RangeInclusive<i64>) -> bool {
    let (least, most) = (*wanted.start(), *wanted.end());
    if let ([first], [second]) = (first, second) {
        return wanted.contains(&(i64::from(*second) - i64::from(*first)));
    }
    let mut firsts = first.iter();
    let Some(mut place) = firsts.next().map(|place| i64::from(*place)) else { return false };
    let mut other = 0;
    for distance in second {
        other += i64::from(*distance);
        while other - place > most {
            match firsts.next() {
                Some(distance) => place += i64::from(*distance),
                None => return false,
            }
        }
        if other - place >= least {
            return true;
        }
    }
    false
}

/// Where the words of a document stand, in memory that is used again.
#[derive(Debug, Default)]
pub struct Places {
    lists: Vec<Vec<u32>>,
    used: usize,
    at: Vec<usize>,
}

impl Places {
    /// Another document comes.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Adds a word: `load` appends where it stands.
    pub fn add(&mut self, load: impl FnOnce(&mut Vec<u32>)) {
        if self.lists.len() == self.used {
            self.lists.push(Vec::new());
        }
        let list = &mut self.lists[self.used];
        list.clear();
        load(list);
        self.used += 1;
    }

    /// Whether the words stand near one another, in their order or not.
    pub fn fit(&mut self, near: Near) -> bool {
        if self.used < 2 {
            return true;
        }
        self.at.clear();
        self.at.resize(self.used, 0);
        let slop = i64::from(near.slop.unwrap_or(u32::MAX));
        if near.in_order { self.fit_in_order(slop) } else { self.fit_any_order(slop) }
    }

    /// For each place of the first word, the nearest places of the others behind one another.
    fn fit_in_order(&mut self, slop: i64) -> bool {
        let Places { lists, at, used } = self;
        for first in &lists[0] {
            let mut last = *first;
            for (list, at) in lists[..*used].iter().zip(at.iter_mut()).skip(1) {
                while list.get(*at).is_some_and(|place| *place <= last) {
                    *at += 1;
                }
                match list.get(*at) {
                    Some(place) => last = *place,
                    None => return false,
                }
            }
            let between = i64::from(last) - i64::from(*first) - (*used as i64 - 1);
            if between <= slop {
                return true;
            }
        }
        false
    }

    /// Moves the word that stands first forward, until all are near one another.
    fn fit_any_order(&mut self, slop: i64) -> bool {
        let Places { lists, at, used } = self;
        loop {
            let mut min = (u32::MAX, 0);
            let mut max = 0;
            for (index, (list, at)) in lists[..*used].iter().zip(at.iter()).enumerate() {
                let Some(place) = list.get(*at) else { return false };
                min = min.min((*place, index));
                max = max.max(*place);
            }
            let between = i64::from(max) - i64::from(min.0) - (*used as i64 - 1);
            if min.0 != max && between <= slop {
                return true;
            }
            at[min.1] += 1;
        }
    }

    /// How far the words stand from one another: the root of the sum of the squares of the least
    /// distances of neighbours in the query. `all` counts those without positions, too.
    pub fn slop(&self, all: u32) -> u32 {
        if all < 2 {
            return 1;
        }
        let mut sum = 0u64;
        for pair in self.lists[..self.used].windows(2) {
            let distance = u64::from(least_distance(&pair[0], &pair[1]));
            sum += distance * distance;
        }
        if sum > 0 { (sum as f64).sqrt() as u32 } else { all - 1 }
    }
}

fn least_distance(a: &[u32], b: &[u32]) -> u32 {
    let (mut i, mut j) = (0, 0);
    let mut least = u32::MAX;
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        least = least.min(x.abs_diff(*y));
        if least <= 1 {
            break;
        }
        if y > x { i += 1 } else { j += 1 }
    }
    if least == u32::MAX { 0 } else { least }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(lists: &[&[u32]]) -> Places {
        Places {
            lists: lists.iter().map(|list| list.to_vec()).collect(),
            used: lists.len(),
            at: vec![0; lists.len()],
        }
    }

    #[test]
    fn words_stand_in_order_or_not() {
        let cases: [(&[&[u32]], i64, bool, bool); 7] = [
            (&[&[1, 9], &[2]], 0, true, true),
            (&[&[2], &[1, 9]], 0, false, true),
            (&[&[2], &[1, 9]], 6, true, true),
            (&[&[1], &[1]], 0, false, false),
            (&[&[1, 5], &[6, 3], &[7]], 0, true, true),
            (&[&[1], &[4], &[9]], 5, false, false),
            (&[&[1], &[4], &[9]], 6, true, true),
        ];
        for (lists, slop, in_order, any_order) in cases {
            let mut sorted: Vec<Vec<u32>> = lists.iter().map(|list| list.to_vec()).collect();
            sorted.iter_mut().for_each(|list| list.sort_unstable());
            let lists: Vec<&[u32]> = sorted.iter().map(Vec::as_slice).collect();
            assert_eq!(places(&lists).fit_in_order(slop), in_order, "{lists:?} {slop}");
            assert_eq!(places(&lists).fit_any_order(slop), any_order, "{lists:?} {slop}");
        }
    }

    /// What is in `0..12` by the bits of a number, and never nothing.
    fn some(bits: u32) -> Vec<u32> {
        let list: Vec<u32> = (0..12).filter(|place| bits >> place & 1 == 1).collect();
        if list.is_empty() { vec![5] } else { list }
    }

    fn distances(list: &[u32]) -> Vec<u32> {
        let before = std::iter::once(0).chain(list.iter().copied());
        list.iter().zip(before).map(|(place, before)| place - before).collect()
    }

    #[test]
    fn two_of_words_that_are_near_stand_between_bounds() {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            some(state >> 8 & state >> 16)
        };
        let mut found = 0;
        for round in 0..20_000u32 {
            let words = 2 + round as usize % 3;
            let lists: Vec<Vec<u32>> = (0..words).map(|_| random()).collect();
            let lists: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
            let slop = [Some(0), Some(1), Some(4), None][round as usize / 3 % 4];
            let near = Near { slop, in_order: round & 1 == 0 };
            let fits = places(&lists).fit(near);
            found += usize::from(fits);
            for (first, second) in [(0, 1), (1, 0), (0, words - 1), (words - 1, 0)] {
                let wanted = near.between(words, first, second);
                let (one, other) = (distances(lists[first]), distances(lists[second]));
                let between = any_between(&one, &other, &wanted);
                let apart = |(x, y): (&u32, &u32)| i64::from(*y) - i64::from(*x);
                let mut pairs =
                    lists[first].iter().flat_map(|x| lists[second].iter().map(move |y| (x, y)));
                assert_eq!(between, pairs.any(|pair| wanted.contains(&apart(pair))));
                assert!(between || !fits, "{lists:?} {near:?}");
            }
        }
        assert!(found > 1000);
    }

    #[test]
    fn distances_are_the_least() {
        assert_eq!(least_distance(&[2, 4, 8], &[0, 5, 12]), 1);
        assert_eq!(least_distance(&[1], &[10, 20]), 9);
        assert_eq!(least_distance(&[], &[1]), 0);
    }
}
