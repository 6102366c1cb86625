//! The two kinds of nodes, and how a search goes down through them.
//!
//! An inner node keeps keys, weights and children in three arrays, so that a search reads only the
//! one it needs. `keys[i]` separates child `i - 1` from child `i`: not above any key of child `i`,
//! and above all keys of child `i - 1`. It may be older than the items (removing a child's first
//! item does not change it), and `keys[0]` is never read: what is before it goes to child 0 anyway.

use super::Item;
use std::cmp::Ordering;
use triomphe::Arc;

/// The most items in a leaf: 1 KiB of 16-byte items, the amount a writer copies when it meets a
/// snapshot. (Tests use small nodes, so that a few hundred items make a tree of some height.)
pub(super) const LEAF_MAX: usize = if cfg!(test) { 8 } else { 64 };

/// The most children of an inner node.
pub(super) const INNER_MAX: usize = LEAF_MAX;

/// A node below this size is merged with a neighbour, or takes from it.
pub(super) const NODE_MIN: usize = LEAF_MAX / 4;

/// Two neighbours with this many parts or fewer become one node: with room left, so that the next
/// insertion does not split it again.
pub(super) const MERGED_MAX: usize = LEAF_MAX / 4 * 3;

/// A subtree. The kind is told by the pointer's holder so that a leaf is no larger than its items.
#[derive(Clone)]
pub(super) enum Node<I: Item> {
    Leaf(Arc<Vec<I>>),
    Inner(Arc<Inner<I>>),
}

/// An inner node; the three arrays have the same length, at least 1.
#[derive(Clone)]
pub(super) struct Inner<I: Item> {
    pub(super) keys: Vec<I::Key>,
    pub(super) weights: Vec<u64>,
    pub(super) nodes: Vec<Node<I>>,
}

/// A node with what its parent has to know about it.
pub(super) struct Child<I: Item> {
    pub(super) key: I::Key,
    pub(super) weight: u64,
    pub(super) node: Node<I>,
}

/// Where a search ended in a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The index of the item in its leaf; the leaf's length if the place is behind its last item.
    pub index: usize,
    /// How many positions of that item lie before the wanted one.
    pub offset: u64,
    /// True if the item is the wanted one and not merely the place for it.
    pub found: bool,
}

/// A way to choose among children and items.
pub(super) trait Seek<I: Item> {
    /// The index of the child to go into.
    fn child(&mut self, inner: &Inner<I>) -> usize;
    /// The place in the leaf.
    fn slot(&mut self, leaf: &[I]) -> Slot;
}

impl<I: Item, S: Seek<I>> Seek<I> for &mut S {
    fn child(&mut self, inner: &Inner<I>) -> usize {
        (**self).child(inner)
    }

    fn slot(&mut self, leaf: &[I]) -> Slot {
        (**self).slot(leaf)
    }
}

/// Searches by a key; with `COUNT` it also counts the positions it leaves behind.
pub(super) struct ByKey<F, const COUNT: bool> {
    order: F,
    /// The weight of all subtrees left of the path.
    pub(super) passed: u64,
}

impl<F, const COUNT: bool> ByKey<F, COUNT> {
    pub(super) fn new(order: F) -> Self {
        ByKey { order, passed: 0 }
    }
}

impl<I, F, const COUNT: bool> Seek<I> for ByKey<F, COUNT>
where
    I: Item,
    F: FnMut(&I::Key) -> Ordering,
{
    fn child(&mut self, inner: &Inner<I>) -> usize {
        let separators = inner.keys.get(1..).unwrap_or_default();
        let index = separators.partition_point(|key| (self.order)(key).is_le());
        if COUNT {
            self.passed += inner.weights.iter().take(index).sum::<u64>();
        }
        index
    }

    fn slot(&mut self, leaf: &[I]) -> Slot {
        match leaf.binary_search_by(|item| (self.order)(item.key())) {
            Ok(index) => Slot { index, offset: 0, found: true },
            Err(index) => Slot { index, offset: 0, found: false },
        }
    }
}

/// Searches by a position. It counts from the nearer end of each node, so that the ends of a tree,
/// where queues work, are found at once.
pub(super) struct ByPosition {
    /// The position, from the start of the present node.
    pub(super) rest: u64,
    /// The weight of the present node; not below `rest`.
    total: u64,
}

impl ByPosition {
    /// A search for `position` in a tree of weight `total`.
    pub(super) fn new(position: u64, total: u64) -> Self {
        ByPosition { rest: position.min(total), total }
    }

    /// Which of `len` parts holds the position; the position and weight become those of that part.
    /// What lies behind all parts belongs to the last one.
    fn descend(&mut self, len: usize, weight: impl Fn(usize) -> u64) -> usize {
        if self.rest <= self.total / 2 {
            for index in 0..len {
                let total = weight(index);
                if self.rest < total {
                    self.total = total;
                    return index;
                }
                self.rest -= total;
            }
        }
        let mut behind = self.total - self.rest;
        for index in (0..len).rev() {
            let total = weight(index);
            if behind <= total {
                (self.rest, self.total) = (total - behind, total);
                return index;
            }
            behind -= total;
        }
        0
    }
}

impl<I: Item> Seek<I> for ByPosition {
    fn child(&mut self, inner: &Inner<I>) -> usize {
        self.descend(inner.weights.len(), |index| inner.weights[index])
    }

    fn slot(&mut self, leaf: &[I]) -> Slot {
        if self.rest >= self.total {
            return Slot { index: leaf.len(), offset: 0, found: false };
        }
        if I::UNIT_WEIGHT {
            return Slot { index: self.rest as usize, offset: 0, found: true };
        }
        let index = self.descend(leaf.len(), |index| leaf[index].weight());
        Slot { index, offset: self.rest, found: true }
    }
}

/// The weight of a run of items.
pub(super) fn weight_of<I: Item>(items: &[I]) -> u64 {
    if I::UNIT_WEIGHT { items.len() as u64 } else { items.iter().map(Item::weight).sum() }
}

impl<I: Item> Node<I> {
    /// A leaf with these items.
    pub(super) fn leaf(items: Vec<I>) -> Self {
        Node::Leaf(Arc::new(items))
    }

    /// The number of items or children.
    pub(super) fn len(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Inner(inner) => inner.nodes.len(),
        }
    }

    /// The weight of the whole subtree.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Node::Leaf(items) => weight_of(items),
            Node::Inner(inner) => inner.weights.iter().sum(),
        }
    }

    /// The number of levels below this node.
    pub(super) fn height(&self) -> u32 {
        let mut node = self;
        let mut height = 0;
        while let Node::Inner(inner) = node {
            let Some(first) = inner.nodes.first() else { break };
            node = first;
            height += 1;
        }
        height
    }

    /// The key of the first item, or `None` in an empty subtree (which no tree holds).
    pub(super) fn first_key(&self) -> Option<&I::Key> {
        let mut node = self;
        loop {
            match node {
                Node::Leaf(items) => return items.first().map(Item::key),
                Node::Inner(inner) => node = inner.nodes.first()?,
            }
        }
    }

    /// Goes down to the leaf and the place in it that `seek` wants.
    pub(super) fn find(&self, mut seek: impl Seek<I>) -> (&[I], Slot) {
        let mut node = self;
        loop {
            match node {
                Node::Leaf(items) => return (items, seek.slot(items)),
                Node::Inner(inner) => match inner.nodes.get(seek.child(inner)) {
                    Some(child) => node = child,
                    None => return (&[], Slot { index: 0, offset: 0, found: false }),
                },
            }
        }
    }

    /// This node as a child of some parent.
    pub(super) fn into_child(self) -> Option<Child<I>> {
        let key = I::separator(self.first_key()?);
        Some(Child { key, weight: self.weight(), node: self })
    }
}

impl<I: Item> Inner<I> {
    /// A node with room for `capacity` children and none yet.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Inner {
            keys: Vec::with_capacity(capacity),
            weights: Vec::with_capacity(capacity),
            nodes: Vec::with_capacity(capacity),
        }
    }

    /// Inserts a child; `index` must not be above the number of children.
    pub(super) fn insert(&mut self, index: usize, child: Child<I>) {
        reserve_one(&mut self.keys);
        reserve_one(&mut self.weights);
        reserve_one(&mut self.nodes);
        self.keys.insert(index, child.key);
        self.weights.insert(index, child.weight);
        self.nodes.insert(index, child.node);
    }

    /// Takes out the child at `index`, which must be there.
    pub(super) fn remove(&mut self, index: usize) -> Child<I> {
        Child {
            key: self.keys.remove(index),
            weight: self.weights.remove(index),
            node: self.nodes.remove(index),
        }
    }

    /// Cuts off the children from `at` on.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        Inner {
            keys: split_tight(&mut self.keys, at),
            weights: split_tight(&mut self.weights, at),
            nodes: split_tight(&mut self.nodes, at),
        }
    }

    /// Adds the children of `right`, whose first key must be a true separator.
    pub(super) fn append(&mut self, mut right: Self) {
        append_tight(&mut self.keys, &mut right.keys);
        append_tight(&mut self.weights, &mut right.weights);
        append_tight(&mut self.nodes, &mut right.nodes);
    }
}

/// Makes room for one more element, in steps that follow the allocator's size classes (four to
/// each doubling) instead of doubling: the buffer of a node is most of a member's cost.
pub(super) fn reserve_one<T>(buffer: &mut Vec<T>) {
    if buffer.len() == buffer.capacity() {
        buffer.reserve_exact(step(buffer.len()));
    }
}

/// Gives memory back when a buffer has got much emptier than [`reserve_one`] would leave it.
pub(super) fn trim<T>(buffer: &mut Vec<T>) {
    let step = step(buffer.len());
    if buffer.capacity() - buffer.len() > 2 * step {
        buffer.shrink_to(buffer.len() + step);
    }
}

fn step(len: usize) -> usize {
    let power = len.checked_ilog2().map_or(0, |log| 1usize << log);
    (power / 4).max(4)
}

/// Cuts a buffer in two, both of exact size.
pub(super) fn split_tight<T>(buffer: &mut Vec<T>, at: usize) -> Vec<T> {
    let right = buffer.split_off(at);
    buffer.shrink_to_fit();
    right
}

/// Moves all of `right` to the end of `left`, which becomes of exact size.
pub(super) fn append_tight<T>(left: &mut Vec<T>, right: &mut Vec<T>) {
    left.reserve_exact(right.len());
    left.append(right);
}
