//! How much memory a tree takes.

use super::node::{Inner, LEAF_MAX, Node, weight_of};
use super::{CowTree, Item};
use crate::footprint::{ARC_HEADER, allocated, buffer};

impl<I: Item> CowTree<I> {
    /// The bytes that nodes and items take on the heap. `owned` tells what an item owns outside
    /// its node. Looks at `samples` leaves, spread over the tree, and extrapolates; at all of them
    /// if `samples` is 0. What snapshots share is counted in full.
    pub fn memory_usage(&self, samples: usize, mut owned: impl FnMut(&I) -> usize) -> usize {
        let (mut weight, mut bytes) = (0, 0);
        for leaf in self.sample_leaves(samples) {
            weight += weight_of(leaf);
            bytes += leaf_bytes(leaf) + leaf.iter().map(&mut owned).sum::<usize>();
        }
        if weight == 0 || weight == self.weight {
            return bytes;
        }
        (bytes as f64 * (self.weight as f64 / weight as f64)) as usize
    }
}

/// A leaf with its share of the nodes above.
fn leaf_bytes<I: Item>(leaf: &[I]) -> usize {
    let items = buffer::<I>(leaf.len());
    let entry = size_of::<I::Key>() + size_of::<u64>() + size_of::<Node<I>>();
    let inner = allocated(ARC_HEADER + size_of::<Inner<I>>()).div_ceil(LEAF_MAX);
    allocated(ARC_HEADER + size_of::<Vec<I>>()) + items + entry + inner
}
