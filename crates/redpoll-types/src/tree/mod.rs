//! `CowTree`: a counted B+tree whose nodes are shared between a value and its snapshots.
//!
//! Two kinds of values stand on it. A sorted set orders its members by `(score, member)` and asks
//! for ranks; a stream orders entries by id; a list has no order but positions, and keeps chunks of
//! many elements as items. One tree serves all: an [`Item`] has a key (which may be `()`) and a
//! weight, every inner node holds the weight of each child, so that position and key both lead to
//! an item in O(log n), and a position found by key is a rank.
//!
//! Why a B+tree and not a skip list: an item costs its own bytes and a few percent instead of two
//! or more pointers, a search touches three or four nodes instead of twenty, and a node is the unit
//! of sharing. [`Clone`] copies one pointer; from then on a writer copies the nodes on its path
//! (64 items at most each) and the snapshot never changes. Without a snapshot every write is in
//! place.
//!
//! The files: `node` the two kinds of nodes and how a search goes down, `edit` one item changed,
//! `join` whole trees cut and glued, `range` iterators, `memory` the size.
//!
//! Balance is relaxed on purpose. All leaves are at the same depth and no node is empty, but nodes
//! at the two edges may be small: appending in order then leaves full nodes behind, and a queue
//! drains its first node without moving anything. Buffers grow by a quarter at most, so a half
//! empty node does not cost a full one's memory.

mod edit;
mod join;
mod memory;
mod node;
mod own;
mod range;
#[cfg(test)]
mod tests;

pub use edit::LeafEdit;
pub use node::Slot;
pub use range::Range;

use node::{ByKey, ByPosition, Node, Seek};
use std::cmp::Ordering;
use std::fmt;

/// What a [`CowTree`] holds.
pub trait Item: Clone {
    /// What the tree is ordered by; `()` when only positions count.
    type Key: Clone;

    /// True if the weight of every item is 1, which makes position searches cheaper.
    const UNIT_WEIGHT: bool;

    /// The key of this item. It must not change while the item is in a tree.
    fn key(&self) -> &Self::Key;

    /// What an inner node is to keep of a key.
    fn separator(key: &Self::Key) -> Self::Key {
        key.clone()
    }

    /// How many positions this item takes: 1 for a member, the number of elements for a chunk. Not
    /// 0 when it is put into a tree.
    fn weight(&self) -> u64;
}

/// A counted B+tree with copy-on-write nodes; see the module's head.
///
/// Positions run from 0 to [`weight`](Self::weight). Where a method takes `order`, that closure
/// tells how a key of the tree compares with the wanted one (`key.cmp(&wanted)`); it must agree
/// with the order in which the items were inserted, otherwise results are arbitrary (but nothing
/// panics).
#[derive(Clone)]
pub struct CowTree<I: Item> {
    root: Option<Node<I>>,
    weight: u64,
}

impl<I: Item> Default for CowTree<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Item> fmt::Debug for CowTree<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CowTree").field("weight", &self.weight).finish_non_exhaustive()
    }
}

impl<I: Item> CowTree<I> {
    /// An empty tree; allocates nothing.
    pub const fn new() -> Self {
        CowTree { root: None, weight: 0 }
    }

    /// True if there is no item.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The sum of the weights of all items: the number of positions. O(1).
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// The item at `position`, and how many positions of it lie before that. O(log n).
    pub fn get(&self, position: u64) -> Option<(&I, u64)> {
        if position >= self.weight {
            return None;
        }
        let (leaf, slot) = self.root.as_ref()?.find(ByPosition::new(position, self.weight));
        Some((leaf.get(slot.index)?, slot.offset))
    }

    /// The item whose key `order` calls equal. O(log n).
    pub fn get_by(&self, order: impl FnMut(&I::Key) -> Ordering) -> Option<&I> {
        let (leaf, slot) = self.root.as_ref()?.find(ByKey::<_, false>::new(order));
        if slot.found { leaf.get(slot.index) } else { None }
    }

    /// The position of the item whose key `order` calls equal, or else the position where such an
    /// item would be inserted, as in `slice::binary_search_by`. O(log n).
    pub fn rank_by(&self, order: impl FnMut(&I::Key) -> Ordering) -> Result<u64, u64> {
        let Some(root) = &self.root else { return Err(0) };
        let mut seek = ByKey::<_, true>::new(order);
        let (leaf, slot) = root.find(&mut seek);
        let rank = seek.passed + node::weight_of(leaf.get(..slot.index).unwrap_or(leaf));
        if slot.found { Ok(rank) } else { Err(rank) }
    }

    /// The position of the first item whose key does not satisfy `before`, where `before` is true
    /// for all keys up to some point and false from there on. O(log n).
    pub fn partition_point(&self, mut before: impl FnMut(&I::Key) -> bool) -> u64 {
        let order = |key: &I::Key| if before(key) { Ordering::Less } else { Ordering::Greater };
        self.rank_by(order).unwrap_or_else(|rank| rank)
    }

    /// Inserts `item` where `order` (how a key compares with the item's) says, or replaces the item
    /// with an equal key and returns that one. O(log n).
    pub fn insert_by(&mut self, order: impl FnMut(&I::Key) -> Ordering, item: I) -> Option<I> {
        self.edit(ByKey::<_, false>::new(order), move |leaf, slot| {
            if slot.found {
                return leaf.replace(slot.index, item);
            }
            leaf.insert(slot.index, item);
            None
        })
    }

    /// Removes and returns the item whose key `order` calls equal. O(log n).
    pub fn remove_by(&mut self, order: impl FnMut(&I::Key) -> Ordering) -> Option<I> {
        self.edit(ByKey::<_, false>::new(order), |leaf, slot| {
            if slot.found { leaf.remove(slot.index) } else { None }
        })
    }

    /// Changes the item whose key `order` calls equal, which must keep its key; an item left with
    /// weight 0 is removed. O(log n).
    pub fn update_by<R>(
        &mut self,
        order: impl FnMut(&I::Key) -> Ordering,
        change: impl FnOnce(&mut I) -> R,
    ) -> Option<R> {
        self.edit(ByKey::<_, false>::new(order), |leaf, slot| {
            if slot.found { leaf.update(slot.index, change) } else { None }
        })
    }

    /// Gives the item whose key `from` calls equal another key, which `to` compares with and which
    /// no other item has: `change` alters the item, but not its weight. Answers whether there is
    /// such an item. O(log n); one way down if it stays among its neighbours.
    pub fn rekey_by(
        &mut self,
        from: impl FnMut(&I::Key) -> Ordering,
        mut to: impl FnMut(&I::Key) -> Ordering,
        change: impl FnOnce(&mut I),
    ) -> bool {
        let rekeyed = self.edit(ByKey::<_, false>::new(from), |leaf, slot| {
            if !slot.found {
                return Err(None);
            }
            if let Some(place) = leaf.place_within(slot.index, &mut to) {
                leaf.shift(slot.index, place, change);
                return Ok(());
            }
            Err(leaf.remove(slot.index).map(|item| (item, change)))
        });
        match rekeyed {
            Ok(()) => true,
            Err(None) => false,
            Err(Some((mut item, change))) => {
                change(&mut item);
                self.insert_by(to, item);
                true
            }
        }
    }

    /// Removes and returns the item at `position`. O(log n).
    pub fn remove_at(&mut self, position: u64) -> Option<I> {
        if position >= self.weight {
            return None;
        }
        self.edit(ByPosition::new(position, self.weight), |leaf, slot| leaf.remove(slot.index))
    }

    /// Changes the item at `position`, which must keep its key; the closure also gets how many
    /// positions of the item lie before that one. An item left with weight 0 is removed. O(log n).
    pub fn update_at<R>(
        &mut self,
        position: u64,
        change: impl FnOnce(&mut I, u64) -> R,
    ) -> Option<R> {
        if position >= self.weight {
            return None;
        }
        self.edit(ByPosition::new(position, self.weight), |leaf, slot| {
            leaf.update(slot.index, |item| change(item, slot.offset))
        })
    }

    fn edit<R>(
        &mut self,
        seek: impl Seek<I>,
        change: impl FnOnce(&mut LeafEdit<'_, I>, Slot) -> R,
    ) -> R {
        let (result, delta) = edit::edit_root(&mut self.root, seek, change);
        self.weight = self.weight.wrapping_add_signed(delta);
        result
    }
}

/// What is only sound where no key orders the items: anything may stand anywhere.
impl<I: Item<Key = ()>> CowTree<I> {
    /// Inserts `item` before the item that holds `position`, or at the end if that is not below
    /// the tree's weight. O(log n).
    pub fn insert_at(&mut self, position: u64, item: I) {
        self.edit(ByPosition::new(position, self.weight), |leaf, slot| {
            leaf.insert(slot.index, item)
        });
    }

    /// Opens the leaf that holds `position` (or the last one) and lets `change` see and change
    /// the items around that place: the way to fill up a neighbour, or to split an item. O(log n).
    ///
    /// [`Slot::index`] is the item's place in the leaf, or the number of items there if `position`
    /// is not below the tree's weight. The leaf of an empty tree is empty.
    pub fn edit_at<R>(
        &mut self,
        position: u64,
        change: impl FnOnce(&mut LeafEdit<'_, I>, Slot) -> R,
    ) -> R {
        self.edit(ByPosition::new(position, self.weight), change)
    }
}
