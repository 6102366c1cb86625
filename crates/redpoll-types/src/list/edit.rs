//! What changes a list elsewhere than at its ends.

use super::chunk::Chunk;
use super::fill::Fill;
use super::{End, List, Needle, Repr};
use crate::limits::Limits;
use crate::tree::{CowTree, LeafEdit, Slot};
use crate::value::Part;

/// What was cut out of a list. There is nothing to do with it but to drop it: that is what takes
/// time when it is large, so the holder of a lock drops it after the lock.
#[must_use = "drop it where time matters least"]
pub struct Removed {
    chunks: CowTree<Chunk>,
}

impl Part for Removed {
    fn free_effort(&self) -> usize {
        super::free_effort(&self.chunks)
    }
}

impl List {
    /// Replaces the element at `index` (from the end if negative); false if there is none.
    pub fn set(&mut self, index: i64, value: &[u8], limits: &Limits) -> bool {
        let Some(position) = self.position(index) else { return false };
        self.expect(1, value.len(), limits);
        match &mut self.repr {
            Repr::Packed(listpack) => {
                if let Some(cursor) = listpack.seek(position as i64) {
                    listpack.replace(cursor, value);
                }
            }
            Repr::Chunked(tree) => {
                let fill = Fill::new(limits);
                let change = |chunk: &mut Chunk, offset| chunk.replace(offset, value, fill);
                if tree.update_at(position, change) != Some(true) {
                    tree.update_at(position, |chunk, offset| chunk.remove_range(offset, 1));
                    insert_chunked(tree, position, value, fill);
                }
                self.shrink(limits);
            }
        }
        true
    }

    /// Inserts `value` before (`End::Front`) or after (`End::Back`) the first element equal to
    /// `pivot`; returns the new length, or `None` if there is no such element. O(n).
    pub fn insert(
        &mut self,
        side: End,
        pivot: &[u8],
        value: &[u8],
        limits: &Limits,
    ) -> Option<usize> {
        let needle = Needle::new(pivot);
        // Redis leaves the listpack before it knows whether there is such an element.
        self.expect(1, value.len(), limits);
        let found = self.iter().position(|element| needle.is(element))?;
        let position = if side == End::Front { found } else { found + 1 };
        match &mut self.repr {
            Repr::Packed(listpack) => match listpack.seek(position as i64) {
                Some(cursor) => {
                    listpack.insert_before(cursor, value);
                }
                None => listpack.push_back(value),
            },
            Repr::Chunked(tree) => {
                insert_chunked(tree, position as u64, value, Fill::new(limits));
            }
        }
        Some(self.len())
    }

    /// Removes elements equal to `value`: the first `count`, or the last `-count`, or all if 0;
    /// returns how many. O(n).
    pub fn remove(&mut self, count: i64, value: &[u8], limits: &Limits) -> usize {
        let end = if count < 0 { End::Back } else { End::Front };
        let most = match usize::try_from(count.unsigned_abs()) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(most) => most,
        };
        let needle = Needle::new(value);
        if let Repr::Packed(listpack) = &mut self.repr {
            // As a chunk for a moment, so that there is one way to do it.
            let mut chunk = Chunk::packed(std::mem::take(listpack));
            let removed = chunk.remove(&needle, end, most);
            *listpack = chunk.into_listpack().unwrap_or_default();
            return removed;
        }
        let removed = self.remove_chunked(&needle, end, most);
        if removed > 0 {
            self.shrink(limits);
        }
        removed
    }

    fn remove_chunked(&mut self, needle: &Needle<'_>, end: End, most: usize) -> usize {
        let Repr::Chunked(tree) = &mut self.repr else { return 0 };
        let mut removed = 0;
        // What lies between an end of the list and the next chunk to look at.
        let mut passed = 0;
        while removed < most && passed < tree.weight() {
            let position = if end == End::Front { passed } else { tree.weight() - 1 - passed };
            let Some((chunk, _)) = tree.get(position) else { break };
            let len = chunk.len() as u64;
            let matches = chunk.iter_from(0).filter(|element| needle.is(*element)).count();
            let here = matches.min(most - removed);
            if here > 0 {
                tree.update_at(position, |chunk, _| chunk.remove(needle, end, here));
            }
            removed += here;
            passed += len - here as u64;
        }
        removed
    }

    /// Keeps the elements from `start` to `stop` only, as LTRIM means them. O(log n), but for
    /// dropping what is returned.
    pub fn trim(&mut self, start: i64, stop: i64, limits: &Limits) -> (Removed, Removed) {
        let (start, len) = self.bounds(start, stop);
        let behind = self.remove_range(start + len..u64::MAX, limits);
        (self.remove_range(0..start, limits), behind)
    }

    /// Removes the elements at these positions. O(log n), but for dropping what is returned.
    pub fn remove_range(&mut self, positions: std::ops::Range<u64>, limits: &Limits) -> Removed {
        let (start, mut end) = (positions.start, positions.end.min(self.len() as u64));
        if start >= end {
            return Removed { chunks: CowTree::new() };
        }
        let tree = match &mut self.repr {
            Repr::Packed(listpack) => {
                listpack.remove_range(start as i64, (end - start) as usize);
                return Removed { chunks: CowTree::new() };
            }
            Repr::Chunked(tree) => tree,
        };
        // First the parts of chunks at both ends, then what are whole chunks between.
        if let Some((len, offset)) = tree.get(start).map(|(chunk, offset)| (chunk.len(), offset))
            && offset > 0
        {
            let count = (len as u64 - offset).min(end - start);
            tree.update_at(start, |chunk, offset| chunk.remove_range(offset, count));
            end -= count;
        }
        if let Some((_, offset)) = tree.get(end).filter(|(_, offset)| *offset > 0 && start < end) {
            tree.update_at(end, |chunk, _| chunk.remove_range(0, offset));
            end -= offset;
        }
        let removed = tree.remove_range(start..end);
        self.shrink(limits);
        Removed { chunks: removed }
    }
}

/// Inserts an element so that `position`, which must not be above the weight, becomes its own.
fn insert_chunked(tree: &mut CowTree<Chunk>, position: u64, value: &[u8], fill: Fill) {
    tree.edit_at(position, |leaf, slot| {
        let takes = |leaf: &LeafEdit<'_, Chunk>, index: usize| {
            leaf.items().get(index).is_some_and(|chunk| chunk.takes(value.len(), fill))
        };
        if takes(leaf, slot.index) {
            leaf.update(slot.index, |chunk| chunk.insert(slot.offset, value));
        } else if slot.offset > 0 {
            insert_into_full(leaf, slot, value, fill);
        } else if let Some(before) = slot.index.checked_sub(1).filter(|i| takes(leaf, *i)) {
            leaf.update(before, |chunk| chunk.push(End::Back, value));
        } else {
            leaf.insert(slot.index, Chunk::of(value, fill));
        }
    });
}

/// Splits a chunk that has no room, and puts the element between the parts.
fn insert_into_full(leaf: &mut LeafEdit<'_, Chunk>, slot: Slot, value: &[u8], fill: Fill) {
    let Some(mut right) = leaf.update(slot.index, |chunk| chunk.split_off(slot.offset)) else {
        return;
    };
    if leaf.items()[slot.index].takes(value.len(), fill) {
        leaf.update(slot.index, |chunk| chunk.push(End::Back, value));
    } else if right.takes(value.len(), fill) {
        right.push(End::Front, value);
    } else {
        leaf.insert(slot.index + 1, Chunk::of(value, fill));
        leaf.insert(slot.index + 2, right);
        return;
    }
    leaf.insert(slot.index + 1, right);
}
