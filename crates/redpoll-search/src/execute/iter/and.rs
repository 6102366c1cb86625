//! Documents that several iterators share, with words that may have to stand near one another.

use super::{DocIter, END, Iter};
use crate::score::{Explanation, Parts, Scoring};

/// How near words must stand to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    /// How many other words may stand between them; none for any number.
    pub slop: Option<u32>,
    /// Whether they stand in the order of the query.
    pub in_order: bool,
}

/// Goes through the documents that all children share.
///
/// The child with the fewest leads. The others follow to where it stands, the rarest first, and
/// those that can only tell whether a document is theirs are asked last.
pub struct And<'a> {
    children: Vec<Iter<'a>>,
    lead: usize,
    seekers: Vec<usize>,
    checkers: Vec<usize>,
    doc: u32,
    near: Option<Near>,
    weight: f64,
    places: Places,
}

impl<'a> And<'a> {
    /// The documents of all `children`, of which there is one at least, in the order of the query.
    pub fn new(mut children: Vec<Iter<'a>>, near: Option<Near>, weight: f64) -> Self {
        let mut order: Vec<usize> = (0..children.len()).collect();
        order.sort_by_key(|child| children[*child].cost());
        let lead = order.remove(0);
        let (checkers, seekers) =
            order.into_iter().partition(|child| children[*child].prefers_contains());
        let first = children[lead].seek(0);
        let places = Places::default();
        let mut and = And { children, lead, seekers, checkers, doc: END, near, weight, places };
        for child in &and.seekers {
            and.children[*child].seek(0);
        }
        and.doc = and.find(first);
        and
    }

    /// The first document at or behind `doc`, on which the lead stands, that all share.
    #[inline]
    fn find(&mut self, mut doc: u32) -> u32 {
        'next: while doc != END {
            for child in &self.seekers {
                let other = self.children[*child].seek(doc);
                if other > doc {
                    if other == END {
                        return END;
                    }
                    doc = self.children[self.lead].seek(other);
                    continue 'next;
                }
            }
            let fits = self.checkers.iter().all(|child| self.children[*child].contains(doc));
            if fits && self.near.is_none_or(|near| self.places.fit(&mut self.children, near)) {
                return doc;
            }
            doc = self.children[self.lead].step();
        }
        END
    }
}

impl DocIter for And<'_> {
    #[inline]
    fn doc(&self) -> u32 {
        self.doc
    }

    #[inline]
    fn step(&mut self) -> u32 {
        if self.doc != END {
            let next = self.children[self.lead].step();
            self.doc = self.find(next);
        }
        self.doc
    }

    #[inline]
    fn seek(&mut self, target: u32) -> u32 {
        if self.doc < target {
            let next = self.children[self.lead].seek(target);
            self.doc = self.find(next);
        }
        self.doc
    }

    fn cost(&self) -> u64 {
        self.children[self.lead].cost()
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        let mut sum = 0.0;
        for child in &mut self.children {
            sum += child.score(scoring);
        }
        self.weight * sum
    }

    fn bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        if self.weight < 0.0 {
            return f64::INFINITY;
        }
        let mut sum = 0.0;
        for child in &mut self.children {
            sum += child.bound(scoring);
        }
        // Nothing times infinity is no bound.
        if sum.is_finite() { self.weight * sum } else { f64::INFINITY }
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        let mut sum = 0.0;
        let mut steps = Vec::new();
        for child in &mut self.children {
            sum = scoring.add(Parts::All, sum, child.score(scoring));
            steps.push(child.explain(scoring));
        }
        scoring.explain_parts(self.weight, sum, steps)
    }

    fn has_positions(&self) -> bool {
        self.children.iter().any(Iter::has_positions)
    }

    fn positions(&mut self, out: &mut Vec<u32>) {
        merge_positions(self.children.iter_mut(), out);
    }

    fn slop(&mut self) -> u32 {
        self.places.slop(self.children.iter_mut())
    }
}

/// Appends the positions of all, in ascending order.
pub fn merge_positions<'b, 'a: 'b>(
    children: impl Iterator<Item = &'b mut Iter<'a>>,
    out: &mut Vec<u32>,
) {
    let start = out.len();
    for child in children {
        if child.has_positions() {
            child.positions(out);
        }
    }
    out[start..].sort_unstable();
}

/// The positions of the children, in memory that is used again.
#[derive(Debug, Default)]
pub struct Places {
    lists: Vec<Vec<u32>>,
    used: usize,
    at: Vec<usize>,
}

impl Places {
    fn load<'b, 'a: 'b>(&mut self, children: impl Iterator<Item = &'b mut Iter<'a>>) {
        self.used = 0;
        for child in children {
            if !child.has_positions() {
                continue;
            }
            if self.lists.len() == self.used {
                self.lists.push(Vec::new());
            }
            let list = &mut self.lists[self.used];
            list.clear();
            child.positions(list);
            self.used += 1;
        }
        self.at.clear();
        self.at.resize(self.used, 0);
    }

    /// Whether the words of the children stand near one another. What has no positions stands
    /// anywhere.
    fn fit(&mut self, children: &mut [Iter<'_>], near: Near) -> bool {
        self.load(children.iter_mut());
        if self.used < 2 {
            return true;
        }
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
    /// distances of neighbours in the query.
    pub fn slop<'b, 'a: 'b>(&mut self, children: impl Iterator<Item = &'b mut Iter<'a>>) -> u32 {
        let mut all = 0;
        self.load(children.inspect(|_| all += 1));
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

    #[test]
    fn distances_are_the_least() {
        assert_eq!(least_distance(&[2, 4, 8], &[0, 5, 12]), 1);
        assert_eq!(least_distance(&[1], &[10, 20]), 9);
        assert_eq!(least_distance(&[], &[1]), 0);
    }
}
