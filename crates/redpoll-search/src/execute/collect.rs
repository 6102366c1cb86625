//! Keeping the best of the documents that match.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::options::{SearchOptions, Sort};
use super::plan::Distances;
use crate::document::{Value, ValueRef};
use crate::index::{DocAddress, Snapshot};

/// The first so many in an order, of all that are given. What is greater comes later.
#[derive(Debug)]
pub struct Best<T> {
    heap: BinaryHeap<T>,
    most: usize,
}

impl<T: Ord> Best<T> {
    /// Keeps `most`.
    pub fn new(most: usize) -> Self {
        Best { heap: BinaryHeap::with_capacity(most.min(4096) + 1), most }
    }

    /// The last of those that are kept, if what comes has to be better.
    #[inline]
    pub fn last(&self) -> Option<&T> {
        if self.heap.len() < self.most { None } else { self.heap.peek() }
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none is to be kept.
    pub fn keeps_nothing(&self) -> bool {
        self.most == 0
    }

    /// Adds one.
    pub fn push(&mut self, item: T) {
        if self.heap.len() < self.most {
            self.heap.push(item);
        } else if let Some(mut last) = self.heap.peek_mut()
            && item < *last
        {
            *last = item;
        }
    }

    /// Those that are kept, in order.
    pub fn into_sorted(self) -> Vec<T> {
        self.heap.into_sorted_vec()
    }
}

impl Best<ByScore> {
    /// The score of the last of those that are kept; as low as can be if anything is kept.
    #[inline]
    pub fn least(&self) -> f64 {
        self.last().map_or(f64::NEG_INFINITY, |last| last.score)
    }
}

/// A document by its score: the highest comes first, of equal ones that which was indexed first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByScore {
    pub score: f64,
    pub address: DocAddress,
}

impl Eq for ByScore {}

impl Ord for ByScore {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.address.cmp(&other.address))
    }
}

impl PartialOrd for ByScore {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A document by a value. Those without one come last, whatever the direction; of equal ones, the
/// one that was indexed first comes first, or last if the direction is down.
#[derive(Debug, Clone, PartialEq)]
pub struct ByValue {
    pub value: Value,
    pub address: DocAddress,
    pub descending: bool,
}

impl ByValue {
    fn compare(&self, value: ValueRef<'_>, address: DocAddress) -> Ordering {
        compare(self.value.borrow(), self.address, value, address, self.descending)
    }
}

impl Eq for ByValue {}

impl Ord for ByValue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other.value.borrow(), other.address)
    }
}

impl PartialOrd for ByValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare(
    a: ValueRef<'_>,
    a_address: DocAddress,
    b: ValueRef<'_>,
    b_address: DocAddress,
    descending: bool,
) -> Ordering {
    let values = match (a, b) {
        (ValueRef::None, ValueRef::None) => Ordering::Equal,
        (ValueRef::None, _) => return Ordering::Greater,
        (_, ValueRef::None) => return Ordering::Less,
        (ValueRef::Number(a), ValueRef::Number(b)) => a.total_cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
        (ValueRef::Number(_), ValueRef::Text(_)) => Ordering::Less,
        (ValueRef::Text(_), ValueRef::Number(_)) => Ordering::Greater,
    };
    let up = values.then(a_address.cmp(&b_address));
    if descending { up.reverse() } else { up }
}

/// What one part, or all, have brought.
#[derive(Debug)]
pub enum Kept {
    /// By score.
    Scores(Best<ByScore>),
    /// By a value.
    Values(Best<ByValue>, Order),
    /// In the order in which they were indexed.
    Indexed(Vec<DocAddress>, usize),
}

/// Which value documents are sorted by.
#[derive(Debug, Clone)]
pub struct Order {
    descending: bool,
    by: By,
}

#[derive(Debug, Clone)]
enum By {
    Column(Option<usize>),
    Distance(usize),
}

impl Kept {
    /// Nothing yet.
    pub fn new(snapshot: &Snapshot, options: &SearchOptions, distances: &[Distances]) -> Self {
        let most = options.offset.saturating_add(options.limit);
        let most = if options.limit == 0 { 0 } else { most };
        let most = most.min(snapshot.docs() as usize);
        match &options.sort {
            Sort::Score => Kept::Scores(Best::new(most)),
            Sort::Indexed => Kept::Indexed(Vec::new(), most),
            Sort::Field { field, descending } => {
                let by = By::Column(snapshot.sort_column(*field));
                Kept::Values(Best::new(most), Order { descending: *descending, by })
            }
            Sort::Distance { name, descending } => {
                let at = distances.iter().position(|distances| distances.name == *name);
                let by = at.map_or(By::Column(None), By::Distance);
                Kept::Values(Best::new(most), Order { descending: *descending, by })
            }
        }
    }

    /// How many documents are kept.
    pub fn len(&self) -> usize {
        match self {
            Kept::Scores(best) => best.len(),
            Kept::Values(best, _) => best.len(),
            Kept::Indexed(addresses, _) => addresses.len(),
        }
    }

    /// Whether nothing is kept, so that documents are only counted.
    pub fn keeps_nothing(&self) -> bool {
        match self {
            Kept::Scores(best) => best.keeps_nothing(),
            Kept::Values(best, _) => best.keeps_nothing(),
            Kept::Indexed(_, most) => *most == 0,
        }
    }

    /// Adds a document by what it is sorted by, which is not its score.
    pub fn push(&mut self, snapshot: &Snapshot, distances: &[Distances], address: DocAddress) {
        match self {
            Kept::Scores(_) => {}
            Kept::Indexed(addresses, most) => {
                if addresses.len() < *most {
                    addresses.push(address);
                }
            }
            Kept::Values(best, order) => {
                let value = order.value(snapshot, distances, address);
                let last = best.last();
                if last.is_none_or(|last| last.compare(value, address) == Ordering::Greater) {
                    let value = value.to_value();
                    best.push(ByValue { value, address, descending: order.descending });
                }
            }
        }
    }

    /// Adds what another has kept.
    pub fn merge(&mut self, other: Kept) {
        match (self, other) {
            (Kept::Scores(own), Kept::Scores(other)) => {
                other.heap.into_iter().for_each(|item| own.push(item));
            }
            (Kept::Values(own, _), Kept::Values(other, _)) => {
                other.heap.into_iter().for_each(|item| own.push(item));
            }
            (Kept::Indexed(own, most), Kept::Indexed(other, _)) => {
                own.extend(other);
                own.sort_unstable();
                own.truncate(*most);
            }
            _ => {}
        }
    }

    /// The documents in order, with their scores or values.
    pub fn into_sorted(self) -> Vec<(DocAddress, f64, Value)> {
        match self {
            Kept::Scores(best) => {
                let one = |item: ByScore| (item.address, item.score, Value::None);
                best.into_sorted().into_iter().map(one).collect()
            }
            Kept::Values(best, _) => {
                let one = |item: ByValue| (item.address, 0.0, item.value);
                best.into_sorted().into_iter().map(one).collect()
            }
            Kept::Indexed(addresses, _) => {
                addresses.into_iter().map(|address| (address, 0.0, Value::None)).collect()
            }
        }
    }
}

impl Order {
    fn value<'a>(
        &self,
        snapshot: &'a Snapshot,
        distances: &[Distances],
        address: DocAddress,
    ) -> ValueRef<'a> {
        match self.by {
            By::Column(None) => ValueRef::None,
            By::Column(Some(column)) => {
                let part = snapshot.part(address.part);
                part.map_or(ValueRef::None, |part| part.value(column, address.doc))
            }
            By::Distance(at) => {
                let distance = distances[at].by_doc.get(&address);
                distance.map_or(ValueRef::None, |distance| ValueRef::Number(*distance))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(doc: u32) -> DocAddress {
        DocAddress { part: 0, doc }
    }

    #[test]
    fn the_best_scores_are_kept() {
        let mut best = Best::new(2);
        for (doc, score) in [1.0, 3.0, 2.0, 3.0].into_iter().enumerate() {
            best.push(ByScore { score, address: address(doc as u32) });
        }
        let docs: Vec<u32> = best.into_sorted().iter().map(|item| item.address.doc).collect();
        assert_eq!(docs, [1, 3]);
        let mut none = Best::new(0);
        none.push(ByScore { score: 1.0, address: address(0) });
        assert_eq!(none.into_sorted(), []);
    }

    #[test]
    fn what_has_no_value_comes_last_both_ways() {
        let values =
            [ValueRef::Number(2.0), ValueRef::None, ValueRef::Number(1.0), ValueRef::Number(2.0)];
        for (descending, want) in [(false, [2, 0, 3, 1]), (true, [3, 0, 2, 1])] {
            let mut best = Best::new(9);
            for (doc, value) in values.into_iter().enumerate() {
                let (value, address) = (value.to_value(), address(doc as u32));
                best.push(ByValue { value, address, descending });
            }
            let docs: Vec<u32> = best.into_sorted().iter().map(|item| item.address.doc).collect();
            assert_eq!(docs, want);
        }
    }
}
