//! Iterators over a range of positions, from both ends.

use super::node::{ByPosition, weight_of};
use super::{CowTree, Item};
use std::iter::FusedIterator;
use std::ops::RangeBounds;

/// The items of a tree that hold positions of a range, in order, from both ends.
///
/// It holds no path: when a leaf is used up it goes down again from the root by position, which
/// costs O(log n) once in 64 items and needs no memory.
#[derive(Clone, Debug)]
pub struct Range<'a, I: Item> {
    tree: &'a CowTree<I>,
    /// What is left of the leaf at the front; `start` is the position of its first item.
    front: &'a [I],
    start: u64,
    /// What is left of the leaf at the back; `end` is the position behind its last item.
    back: &'a [I],
    end: u64,
}

impl<I: Item> CowTree<I> {
    /// The items at these positions; an item that an end of the range cuts is among them.
    /// O(log n) for the first, O(1) on average for each further one.
    pub fn range(&self, positions: impl RangeBounds<u64>) -> Range<'_, I> {
        let (start, end) = self.bounds(positions);
        let mut range = Range { tree: self, front: &[], start, back: &[], end };
        if start >= end {
            range.start = range.end;
            return range;
        }
        // From here on both ends are ends of items.
        range.start -= self.get(start).map_or(0, |(_, offset)| offset);
        if let Some((item, offset)) = self.get(end - 1) {
            range.end = end - 1 - offset + item.weight();
        }
        range
    }

    /// All items, in order.
    pub fn iter(&self) -> Range<'_, I> {
        Range { tree: self, front: &[], start: 0, back: &[], end: self.weight }
    }

    /// The leaf that holds `position`, with the index of the item there.
    fn leaf(&self, position: u64) -> (&[I], usize) {
        match &self.root {
            Some(root) => {
                let (leaf, slot) = root.find(ByPosition::new(position, self.weight));
                (leaf, slot.index)
            }
            None => (&[], 0),
        }
    }
}

impl<I: Item> Range<'_, I> {
    /// The position of the item that [`Iterator::next`] would return.
    pub fn position(&self) -> u64 {
        self.start
    }

    /// The sum of the weights of the items still to come.
    pub fn weight(&self) -> u64 {
        self.end - self.start
    }
}

impl<'a, I: Item> Iterator for Range<'a, I> {
    type Item = &'a I;

    fn next(&mut self) -> Option<&'a I> {
        if self.start >= self.end {
            return None;
        }
        if self.front.is_empty() {
            let (leaf, index) = self.tree.leaf(self.start);
            self.front = leaf.get(index..)?;
        }
        let (item, rest) = self.front.split_first()?;
        self.front = rest;
        self.start += item.weight();
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let weight = usize::try_from(self.weight()).unwrap_or(usize::MAX);
        (if I::UNIT_WEIGHT { weight } else { usize::from(weight > 0) }, Some(weight))
    }

    fn nth(&mut self, n: usize) -> Option<&'a I> {
        if !I::UNIT_WEIGHT {
            return (0..n).try_for_each(|_| self.next().map(drop)).and_then(|()| self.next());
        }
        let skip = (n as u64).min(self.weight());
        self.start += skip;
        self.front = self.front.get(n..).unwrap_or_default();
        self.next()
    }
}

impl<I: Item> DoubleEndedIterator for Range<'_, I> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.start >= self.end {
            return None;
        }
        if self.back.is_empty() {
            let (leaf, index) = self.tree.leaf(self.end - 1);
            self.back = leaf.get(..=index)?;
        }
        let (item, rest) = self.back.split_last()?;
        self.back = rest;
        self.end -= item.weight();
        Some(item)
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        if !I::UNIT_WEIGHT {
            return (0..n)
                .try_for_each(|_| self.next_back().map(drop))
                .and_then(|()| self.next_back());
        }
        let skip = (n as u64).min(self.weight());
        self.end -= skip;
        let left = self.back.len().saturating_sub(n);
        self.back = self.back.get(..left).unwrap_or_default();
        self.next_back()
    }
}

impl<I: Item> FusedIterator for Range<'_, I> {}

impl<'a, I: Item> IntoIterator for &'a CowTree<I> {
    type Item = &'a I;
    type IntoIter = Range<'a, I>;

    fn into_iter(self) -> Range<'a, I> {
        self.iter()
    }
}

impl<I: Item> CowTree<I> {
    /// Some leaves, evenly spread over the positions: `count` at most, all if `count` is 0.
    pub(super) fn sample_leaves(&self, count: usize) -> impl Iterator<Item = &[I]> {
        let stride = if count == 0 { 1 } else { (self.weight / count as u64).max(1) };
        let mut position = 0;
        std::iter::from_fn(move || {
            if position >= self.weight {
                return None;
            }
            let (leaf, index) = self.leaf(position);
            let leaf_end = position + weight_of(leaf.get(index..)?);
            position = leaf_end.max(position.saturating_add(stride));
            Some(leaf)
        })
    }
}
