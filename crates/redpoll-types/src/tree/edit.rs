//! One item changed: the way down, the change in the leaf, and the repairs on the way up.
//!
//! Every single write goes through [`edit_root`]. It makes each node of its path its own
//! (`make_mut`: in place if no snapshot shares it), lets the caller change the leaf through a
//! [`LeafEdit`] that counts weights, and then splits what has become too long and merges what has
//! become too short.

use super::Item;
use super::node::{
    Child, INNER_MAX, Inner, LEAF_MAX, MERGED_MAX, NODE_MIN, Node, Seek, Slot, append_tight,
    reserve_one, split_tight, trim,
};
use std::cmp::Ordering;
use triomphe::Arc;

/// A leaf that is being changed.
pub struct LeafEdit<'a, I: Item> {
    items: &'a mut Vec<I>,
    /// By how much the weight of the leaf has changed.
    delta: i64,
    /// Where the last insertion went.
    inserted: usize,
}

impl<I: Item> LeafEdit<'_, I> {
    /// The items, in order.
    pub fn items(&self) -> &[I] {
        self.items
    }

    /// Inserts an item at `index`, or at the end if `index` is above the number of items.
    pub fn insert(&mut self, index: usize, item: I) {
        let index = index.min(self.items.len());
        self.delta = self.delta.wrapping_add_unsigned(item.weight());
        reserve_one(self.items);
        self.items.insert(index, item);
        self.inserted = index;
    }

    /// Takes out the item at `index`.
    pub fn remove(&mut self, index: usize) -> Option<I> {
        if index >= self.items.len() {
            return None;
        }
        let item = self.items.remove(index);
        trim(self.items);
        self.delta = self.delta.wrapping_sub_unsigned(item.weight());
        Some(item)
    }

    /// Puts `item` in the place of the one at `index` and returns that.
    pub fn replace(&mut self, index: usize, item: I) -> Option<I> {
        let place = self.items.get_mut(index)?;
        let old = std::mem::replace(place, item);
        self.delta = self.delta.wrapping_add_unsigned(place.weight());
        self.delta = self.delta.wrapping_sub_unsigned(old.weight());
        Some(old)
    }

    /// Where the item at `index` would stand with another key, which `order` compares with; `None`
    /// if that may be in another leaf.
    pub fn place_within(
        &self,
        index: usize,
        mut order: impl FnMut(&I::Key) -> Ordering,
    ) -> Option<usize> {
        let before = self.items.partition_point(|item| order(item.key()).is_lt());
        let place = if before > index { before - 1 } else { before };
        // Between two others: those keep to what the nodes above say of this leaf.
        (place > 0 && place + 1 < self.items.len()).then_some(place)
    }

    /// Moves the item at `index` to `place`, and gives it the key that belongs there.
    pub fn shift(&mut self, index: usize, place: usize, change: impl FnOnce(&mut I)) {
        match index < place {
            true => self.items[index..=place].rotate_left(1),
            false => self.items[place..=index].rotate_right(1),
        }
        change(&mut self.items[place]);
    }

    /// Changes the item at `index`; it is removed if that leaves it with weight 0.
    pub fn update<R>(&mut self, index: usize, change: impl FnOnce(&mut I) -> R) -> Option<R> {
        let item = self.items.get_mut(index)?;
        let before = item.weight();
        let result = change(item);
        let after = item.weight();
        self.delta = self.delta.wrapping_add_unsigned(after).wrapping_sub_unsigned(before);
        if after == 0 {
            self.items.remove(index);
            trim(self.items);
        }
        Some(result)
    }
}

/// What a change below means for the parent.
struct Changed<I: Item, R> {
    result: R,
    delta: i64,
    /// The right part of the node, if it had to be split.
    sibling: Option<Child<I>>,
}

/// Whether a node is the first or the last of its level: there, full nodes are left full.
#[derive(Clone, Copy)]
struct Edge {
    first: bool,
    last: bool,
}

impl Edge {
    /// Where to cut a node of `len` parts and at most `max` after a part was added at `added`.
    fn cut(self, added: usize, len: usize, max: usize) -> usize {
        match self {
            Edge { last: true, .. } if added + 1 == len => max,
            Edge { first: true, .. } if added == 0 => len - max,
            _ => len / 2,
        }
    }
}

/// Finds a leaf, changes it, and keeps the tree in order; returns the change of weight, too.
pub(super) fn edit_root<I: Item, R>(
    root: &mut Option<Node<I>>,
    mut seek: impl Seek<I>,
    change: impl FnOnce(&mut LeafEdit<'_, I>, Slot) -> R,
) -> (R, i64) {
    let node = root.get_or_insert_with(|| Node::leaf(Vec::new()));
    let changed = edit_node(node, &mut seek, Edge { first: true, last: true }, change);
    if let Some(sibling) = changed.sibling {
        *root = root.take().map(|node| parent_of(node, sibling));
    }
    collapse(root);
    (changed.result, changed.delta)
}

/// A new node above `left` and its right neighbour.
pub(super) fn parent_of<I: Item>(left: Node<I>, right: Child<I>) -> Node<I> {
    let mut inner = Inner::with_capacity(2);
    if let Some(left) = left.into_child() {
        inner.insert(0, left);
    }
    inner.insert(inner.nodes.len(), right);
    Node::Inner(Arc::new(inner))
}

/// Takes away a root that has become empty or has a single child.
pub(super) fn collapse<I: Item>(root: &mut Option<Node<I>>) {
    loop {
        match root {
            Some(node) if node.len() == 0 => *root = None,
            Some(Node::Inner(inner)) if inner.nodes.len() == 1 => {
                *root = inner.nodes.first().cloned();
            }
            _ => return,
        }
    }
}

fn edit_node<I: Item, S: Seek<I>, R>(
    node: &mut Node<I>,
    seek: &mut S,
    edge: Edge,
    change: impl FnOnce(&mut LeafEdit<'_, I>, Slot) -> R,
) -> Changed<I, R> {
    match node {
        Node::Leaf(items) => edit_leaf(Arc::make_mut(items), seek, edge, change),
        Node::Inner(inner) => edit_inner(Arc::make_mut(inner), seek, edge, change),
    }
}

fn edit_leaf<I: Item, S: Seek<I>, R>(
    items: &mut Vec<I>,
    seek: &mut S,
    edge: Edge,
    change: impl FnOnce(&mut LeafEdit<'_, I>, Slot) -> R,
) -> Changed<I, R> {
    let slot = seek.slot(items);
    let mut leaf = LeafEdit { items, delta: 0, inserted: usize::MAX };
    let result = change(&mut leaf, slot);
    let LeafEdit { items, delta, inserted } = leaf;
    let sibling = if items.len() > LEAF_MAX {
        let at = edge.cut(inserted, items.len(), LEAF_MAX);
        Node::leaf(split_tight(items, at)).into_child()
    } else {
        None
    };
    Changed { result, delta, sibling }
}

fn edit_inner<I: Item, S: Seek<I>, R>(
    inner: &mut Inner<I>,
    seek: &mut S,
    edge: Edge,
    change: impl FnOnce(&mut LeafEdit<'_, I>, Slot) -> R,
) -> Changed<I, R> {
    // A `Seek` never leaves the children there are, and there is at least one.
    let index = seek.child(inner);
    let below =
        Edge { first: edge.first && index == 0, last: edge.last && index + 1 == inner.nodes.len() };
    let Changed { result, delta, sibling } =
        edit_node(&mut inner.nodes[index], seek, below, change);
    inner.weights[index] = inner.weights[index].wrapping_add_signed(delta);
    let Some(child) = sibling else {
        shrink(inner, index, below);
        return Changed { result, delta, sibling: None };
    };
    inner.weights[index] -= child.weight;
    inner.insert(index + 1, child);
    let added = if index == 0 { 0 } else { index + 1 };
    let sibling = split_inner(inner, |len| edge.cut(added, len, INNER_MAX));
    Changed { result, delta, sibling }
}

/// Cuts a node with too many children, where `cut` says.
pub(super) fn split_inner<I: Item>(
    inner: &mut Inner<I>,
    cut: impl FnOnce(usize) -> usize,
) -> Option<Child<I>> {
    let len = inner.nodes.len();
    if len <= INNER_MAX {
        return None;
    }
    Node::Inner(Arc::new(inner.split_off(cut(len)))).into_child()
}

/// Repairs the node above a child that may have become short.
fn shrink<I: Item>(inner: &mut Inner<I>, index: usize, edge: Edge) {
    let len = inner.nodes[index].len();
    if len == 0 {
        inner.remove(index);
        return;
    }
    if len >= NODE_MIN || edge.first || edge.last || inner.nodes.len() < 2 {
        return;
    }
    let left = index.saturating_sub(1);
    let right = inner.remove(left + 1);
    let both = inner.weights[left] + right.weight;
    let rest = glue(&mut inner.nodes[left], right);
    inner.weights[left] = both - rest.as_ref().map_or(0, |child| child.weight);
    if let Some(child) = rest {
        inner.insert(left + 1, child);
    }
}

/// Brings two neighbours of the same height into balance: all in `left` if that is not too much,
/// otherwise two nodes, of which the right one is returned.
pub(super) fn glue<I: Item>(left: &mut Node<I>, right: Child<I>) -> Option<Child<I>> {
    let total = left.len() + right.node.len();
    if total > MERGED_MAX && left.len().min(right.node.len()) >= NODE_MIN {
        return Some(right);
    }
    let half = (total > MERGED_MAX).then_some(total / 2);
    match (left, right.node) {
        (Node::Leaf(left), Node::Leaf(right)) => {
            let left = Arc::make_mut(left);
            append_tight(left, &mut Arc::unwrap_or_clone(right));
            half.and_then(|at| Node::leaf(split_tight(left, at)).into_child())
        }
        (Node::Inner(left), Node::Inner(more)) => {
            let left = Arc::make_mut(left);
            let mut more = Arc::unwrap_or_clone(more);
            if let Some(first) = more.keys.first_mut() {
                *first = right.key;
            }
            left.append(more);
            half.and_then(|at| Node::Inner(Arc::new(left.split_off(at))).into_child())
        }
        // Neighbours are of one height, hence of one kind.
        (_, node) => Some(Child { node, ..right }),
    }
}
