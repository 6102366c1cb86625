//! Whole trees cut and glued: split, append, range deletion and bulk build.
//!
//! Cutting takes the nodes on the path to the cut apart and glues what lies left and right of it;
//! gluing hangs the lower tree into the edge of the higher one. Both touch O(log n) nodes, so that
//! removing a range costs the same for ten items and for ten million (giving their memory back is
//! then the matter of whoever drops the removed part).

use super::edit::{collapse, glue, parent_of, split_inner};
use super::node::{
    ByPosition, Child, INNER_MAX, Inner, LEAF_MAX, Node, Seek, split_tight, weight_of,
};
use super::{CowTree, Item};
use std::ops::{Bound, RangeBounds};
use triomphe::Arc;

/// A subtree on its way from one place to another.
struct Part<I: Item> {
    node: Node<I>,
    height: u32,
    weight: u64,
}

impl<I: Item> CowTree<I> {
    /// Cuts the tree in two and returns the part from `position` on. An item that `position` cuts
    /// goes with the right part as a whole. O(log n).
    pub fn split_off(&mut self, position: u64) -> Self {
        let Some(root) = self.root.take() else { return Self::new() };
        let height = root.height();
        let (left, right) = split(root, position.min(self.weight), height);
        *self = Self::from_part(left);
        Self::from_part(right)
    }

    /// Adds all items of `right`, which must come after the present ones. O(log n).
    pub fn append(&mut self, right: Self) {
        self.weight += right.weight;
        let Some(left) = self.root.take() else {
            self.root = right.root;
            return;
        };
        let (Some(node), weight) = (right.root, right.weight) else {
            self.root = Some(left);
            return;
        };
        let left = Part { height: left.height(), weight: self.weight - weight, node: left };
        let right = Part { height: node.height(), weight, node };
        self.root = Some(join(left, right).node);
    }

    /// Removes the items at these positions and returns them as a tree. An item that the start of
    /// the range cuts is removed, one that its end cuts stays. O(log n).
    pub fn remove_range(&mut self, positions: impl RangeBounds<u64>) -> Self {
        let (start, end) = self.bounds(positions);
        if start >= end {
            return Self::new();
        }
        let rest = self.split_off(end);
        let removed = self.split_off(start);
        self.append(rest);
        removed
    }

    /// The positions that a range means in this tree, as a start and an end.
    pub(super) fn bounds(&self, positions: impl RangeBounds<u64>) -> (u64, u64) {
        let start = match positions.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(start) => start.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match positions.end_bound() {
            Bound::Included(end) => end.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => self.weight,
        };
        (start, end.min(self.weight))
    }

    fn from_part(part: Option<Part<I>>) -> Self {
        match part {
            Some(Part { node, weight, .. }) => {
                let mut root = Some(node);
                collapse(&mut root);
                CowTree { root, weight }
            }
            None => Self::new(),
        }
    }
}

/// Builds a tree from items that are in order already. O(n), full nodes.
impl<I: Item> FromIterator<I> for CowTree<I> {
    fn from_iter<T: IntoIterator<Item = I>>(items: T) -> Self {
        let mut level = leaves(items.into_iter());
        while level.len() > 1 {
            level = parents(level);
        }
        let Some(Child { node, weight, .. }) = level.pop() else { return Self::new() };
        CowTree { root: Some(node), weight }
    }
}

fn leaves<I: Item>(items: impl Iterator<Item = I>) -> Vec<Child<I>> {
    let mut items = items.filter(|item| item.weight() > 0);
    let mut leaves = Vec::new();
    loop {
        let mut leaf: Vec<I> = items.by_ref().take(LEAF_MAX).collect();
        if leaf.is_empty() {
            return leaves;
        }
        leaf.shrink_to_fit();
        leaves.extend(Node::leaf(leaf).into_child());
    }
}

/// Puts nodes under as few parents as will hold them, in even shares.
fn parents<I: Item>(level: Vec<Child<I>>) -> Vec<Child<I>> {
    let count = level.len().div_ceil(INNER_MAX);
    let (share, extra) = (level.len() / count, level.len() % count);
    let mut children = level.into_iter();
    let parent = |index: usize| {
        let len = share + usize::from(index < extra);
        let mut inner = Inner::with_capacity(len);
        for child in children.by_ref().take(len) {
            inner.keys.push(child.key);
            inner.weights.push(child.weight);
            inner.nodes.push(child.node);
        }
        Node::Inner(Arc::new(inner)).into_child()
    };
    (0..count).filter_map(parent).collect()
}

/// Glues two trees.
fn join<I: Item>(left: Part<I>, right: Part<I>) -> Part<I> {
    let weight = left.weight + right.weight;
    let (mut node, height, sibling);
    if left.height >= right.height {
        (node, height) = (left.node, left.height);
        sibling = append(&mut node, height, right);
    } else {
        (node, height) = (right.node, right.height);
        sibling = prepend(&mut node, height, left);
    }
    match sibling {
        None => Part { node, height, weight },
        Some(sibling) => Part { node: parent_of(node, sibling), height: height + 1, weight },
    }
}

/// Hangs `part`, which is not higher than `node`, into the right edge of `node`.
fn append<I: Item>(node: &mut Node<I>, height: u32, part: Part<I>) -> Option<Child<I>> {
    match node {
        Node::Inner(inner) if height > part.height => {
            let inner = Arc::make_mut(inner);
            let last = inner.nodes.len() - 1;
            inner.weights[last] += part.weight;
            let sibling = append(&mut inner.nodes[last], height - 1, part)?;
            inner.weights[last] -= sibling.weight;
            inner.insert(last + 1, sibling);
            split_inner(inner, |len| len / 2)
        }
        _ => glue(node, part.node.into_child()?),
    }
}

/// Hangs `part`, which is not higher than `node`, into the left edge of `node`.
fn prepend<I: Item>(node: &mut Node<I>, height: u32, part: Part<I>) -> Option<Child<I>> {
    match node {
        Node::Inner(inner) if height > part.height => {
            let inner = Arc::make_mut(inner);
            inner.weights[0] += part.weight;
            let sibling = prepend(&mut inner.nodes[0], height - 1, part)?;
            inner.weights[0] -= sibling.weight;
            inner.insert(1, sibling);
            split_inner(inner, |len| len / 2)
        }
        _ => {
            let right = std::mem::replace(node, part.node);
            glue(node, right.into_child()?)
        }
    }
}

/// Cuts a subtree before the item that holds `position`.
fn split<I: Item>(node: Node<I>, position: u64, height: u32) -> Halves<I> {
    let weight = node.weight();
    if position == 0 {
        return (None, Some(Part { node, height, weight }));
    }
    if position >= weight {
        return (Some(Part { node, height, weight }), None);
    }
    let mut seek = ByPosition::new(position, weight);
    match node {
        Node::Leaf(items) => {
            let at = seek.slot(&items).index;
            let mut left = Arc::unwrap_or_clone(items);
            let right = split_tight(&mut left, at);
            (Part::of_leaf(left), Part::of_leaf(right))
        }
        Node::Inner(inner) => {
            let at = seek.child(&inner);
            let mut left = Arc::unwrap_or_clone(inner);
            let right = left.split_off(at + 1);
            let middle = left.remove(at).node;
            let (before, after) = split(middle, seek.rest, height - 1);
            let left = join_some(Part::of_inner(left, height), before);
            (left, join_some(after, Part::of_inner(right, height)))
        }
    }
}

/// What is left and right of a cut.
type Halves<I> = (Option<Part<I>>, Option<Part<I>>);

fn join_some<I: Item>(left: Option<Part<I>>, right: Option<Part<I>>) -> Option<Part<I>> {
    match (left, right) {
        (Some(left), Some(right)) => Some(join(left, right)),
        (left, right) => left.or(right),
    }
}

impl<I: Item> Part<I> {
    fn of_leaf(items: Vec<I>) -> Option<Self> {
        let weight = weight_of(&items);
        (!items.is_empty()).then(|| Part { node: Node::leaf(items), height: 0, weight })
    }

    /// The part below what is left of an inner node, which may have one child now, or none.
    fn of_inner(mut inner: Inner<I>, height: u32) -> Option<Self> {
        if inner.nodes.len() > 1 {
            let weight = inner.weights.iter().sum();
            return Some(Part { node: Node::Inner(Arc::new(inner)), height, weight });
        }
        let weight = inner.weights.pop()?;
        Some(Part { node: inner.nodes.pop()?, height: height - 1, weight })
    }
}
