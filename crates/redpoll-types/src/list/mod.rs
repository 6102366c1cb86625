//! The list value.
//!
//! A short list is one listpack. A long one is a counted tree of chunks, each a listpack of a few
//! kilobytes or one large element: an index is found in O(log n) and not by walking, the middle
//! can be cut out without touching what is in it, and a snapshot shares all chunks. The names
//! (`listpack`, `quicklist`), the sizes at which a list changes from one to the other, and the way
//! back at half of that size are Redis's.
//!
//! The files: `fill` the sizes, `chunk` one item of the tree, `edit` what changes the middle,
//! `iter` the walk.

mod chunk;
mod edit;
mod fill;
mod iter;
#[cfg(test)]
mod tests;

pub use chunk::ChunkRef;
pub use edit::Removed;
pub use fill::set_packed_threshold;
pub use iter::Iter;

use crate::footprint;
use crate::limits::Limits;
use crate::listpack::{Element, Listpack};
use crate::number::parse_i64;
use crate::parts::Block;
use crate::tree::CowTree;
use chunk::Chunk;
use fill::Fill;

/// One of the two ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Index 0, the left.
    Front,
    /// Index -1, the right.
    Back,
}

/// A list of byte strings.
///
/// A clone is a snapshot: O(1) for a long list, a copy of at most some kilobytes for a short one.
/// Writing methods take the [`Limits`] in force, and bring the list to the encoding these ask for.
/// No key holds an empty list, but the type may be empty.
#[derive(Clone)]
pub struct List {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    Packed(Listpack),
    /// Boxed so that the many short lists do not pay for the few long ones.
    Chunked(Box<CowTree<Chunk>>),
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl List {
    /// The elements as one run of bytes, if the list is small.
    pub(crate) fn as_packed(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// The same, to be moved to another tier.
    pub(crate) fn as_packed_mut(&mut self) -> Option<&mut Listpack> {
        match &mut self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// See [`crate::value::Value::visit_parts`]. The chunks of a long list.
    pub(crate) fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        let Repr::Chunked(tree) = &mut self.repr else { return None };
        tree.visit_own(from, count, |chunk| chunk.part().is_none_or(&mut *visit))
    }

    /// An empty list.
    pub fn new() -> Self {
        List { repr: Repr::Packed(Listpack::new()) }
    }

    /// The list that these chunks make up, as a dump has them; empty ones are left out. A single
    /// small chunk becomes a `listpack` again. O(n).
    pub fn from_chunks<'a>(
        chunks: impl IntoIterator<Item = ChunkRef<'a>>,
        limits: &Limits,
    ) -> Self {
        let chunks = chunks.into_iter().map(|chunk| match chunk {
            ChunkRef::Packed(listpack) => Chunk::packed(listpack.clone()),
            ChunkRef::Plain(value) => Chunk::plain(value),
        });
        let mut list = List { repr: Repr::Chunked(Box::new(chunks.collect())) };
        let fill = Fill::new(limits);
        list.reunite(|bytes, entries| fill.holds(bytes, entries));
        list
    }

    /// The chunks from front to back, for a dump; a short list is one chunk.
    pub fn chunks(&self) -> impl Iterator<Item = ChunkRef<'_>> {
        let (packed, tree) = match &self.repr {
            Repr::Packed(listpack) => (Some(ChunkRef::Packed(listpack)), None),
            Repr::Chunked(tree) => (None, Some(tree.iter().map(Chunk::view))),
        };
        packed.into_iter().chain(tree.into_iter().flatten())
    }

    /// The number of elements. O(1).
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Packed(listpack) => listpack.len(),
            Repr::Chunked(tree) => tree.weight() as usize,
        }
    }

    /// True if there are no elements.
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            Repr::Packed(listpack) => listpack.is_empty(),
            Repr::Chunked(tree) => tree.is_empty(),
        }
    }

    /// What `OBJECT ENCODING` calls the present form: `listpack` or `quicklist`.
    pub fn encoding(&self) -> &'static str {
        match &self.repr {
            Repr::Packed(_) => "listpack",
            Repr::Chunked(_) => "quicklist",
        }
    }

    /// The bytes on the heap, estimated from some of the chunks (all of them if `samples` is 0).
    pub fn memory_usage(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Packed(listpack) => footprint::allocated(listpack.bytes_len()),
            Repr::Chunked(tree) => {
                footprint::allocated(size_of::<CowTree<Chunk>>())
                    + tree.memory_usage(samples, Chunk::heap_bytes)
            }
        }
    }

    /// Roughly how many allocations it takes to free the list.
    pub fn free_effort(&self) -> usize {
        match &self.repr {
            Repr::Packed(_) => 1,
            Repr::Chunked(tree) => free_effort(tree),
        }
    }

    /// Prepares for the insertion of `count` elements of `bytes` in all: a list that would get too
    /// large for one listpack leaves it at once. Commands that insert several elements call this
    /// first, because the encoding that results is visible.
    pub fn expect(&mut self, count: usize, bytes: usize, limits: &Limits) {
        let Repr::Packed(listpack) = &mut self.repr else { return };
        let bytes = listpack.bytes_len().saturating_add(bytes);
        if Fill::new(limits).holds(bytes, listpack.len().saturating_add(count)) {
            return;
        }
        let listpack = std::mem::take(listpack);
        let chunk = (!listpack.is_empty()).then(|| Chunk::packed(listpack));
        self.repr = Repr::Chunked(Box::new(chunk.into_iter().collect()));
    }

    /// Adds an element at an end.
    pub fn push(&mut self, end: End, value: &[u8], limits: &Limits) {
        self.expect(1, value.len(), limits);
        match &mut self.repr {
            Repr::Packed(listpack) => match end {
                End::Front => listpack.push_front(value),
                End::Back => listpack.push_back(value),
            },
            Repr::Chunked(tree) => push_chunked(tree, end, value, Fill::new(limits)),
        }
    }

    /// Adds an element before all others.
    pub fn push_front(&mut self, value: &[u8], limits: &Limits) {
        self.push(End::Front, value, limits);
    }

    /// Adds an element behind all others.
    pub fn push_back(&mut self, value: &[u8], limits: &Limits) {
        self.push(End::Back, value, limits);
    }

    /// Takes out the element at an end.
    pub fn pop(&mut self, end: End, limits: &Limits) -> Option<Vec<u8>> {
        self.pop_with(end, limits, |element| element.to_vec())
    }

    /// Shows `see` the element at an end and takes it out: no copy is made.
    pub fn pop_with<R>(
        &mut self,
        end: End,
        limits: &Limits,
        see: impl FnOnce(Element<'_>) -> R,
    ) -> Option<R> {
        match &mut self.repr {
            Repr::Packed(listpack) => {
                let cursor = if end == End::Front { listpack.first() } else { listpack.last() }?;
                let seen = see(listpack.at(cursor));
                listpack.remove(cursor);
                Some(seen)
            }
            Repr::Chunked(tree) => {
                let position = if end == End::Front { 0 } else { tree.weight().checked_sub(1)? };
                let seen = tree.update_at(position, |chunk, _| chunk.pop(end, see)).flatten();
                self.shrink(limits);
                seen
            }
        }
    }

    /// Takes out the first element.
    pub fn pop_front(&mut self, limits: &Limits) -> Option<Vec<u8>> {
        self.pop(End::Front, limits)
    }

    /// Takes out the last element.
    pub fn pop_back(&mut self, limits: &Limits) -> Option<Vec<u8>> {
        self.pop(End::Back, limits)
    }

    /// The element at `index`, counted from the end if negative. O(log n).
    pub fn get(&self, index: i64) -> Option<Element<'_>> {
        match &self.repr {
            Repr::Packed(listpack) => listpack.get(index),
            Repr::Chunked(tree) => {
                let (chunk, offset) = tree.get(self.position(index)?)?;
                chunk.get(offset)
            }
        }
    }

    /// The elements from `start` to `stop`, both included and counted from the end if negative, as
    /// LRANGE means them. O(log n) for the first, O(1) for each further one.
    pub fn range(&self, start: i64, stop: i64) -> Iter<'_> {
        let (start, len) = self.bounds(start, stop);
        match &self.repr {
            Repr::Packed(listpack) => {
                let run = chunk::Elements::Packed(listpack.iter());
                Iter::of_run(run, start as usize, len as usize, self.len())
            }
            Repr::Chunked(tree) => {
                let skip = tree.get(start).map_or(0, |(_, offset)| offset);
                let chunks = tree.range(start..start + len);
                Iter::of_chunks(chunks, skip as usize, len as usize)
            }
        }
    }

    /// All elements.
    pub fn iter(&self) -> Iter<'_> {
        self.range(0, -1)
    }

    /// The indices of elements equal to `value`, as LPOS means it: from the `rank`-th match on
    /// (from the end if negative, and then in that order), `count` of them (all if 0), among the
    /// first `maxlen` elements looked at (all if 0). Empty if `rank` is 0.
    pub fn positions(&self, value: &[u8], rank: i64, count: usize, maxlen: usize) -> Vec<usize> {
        let needle = Needle::new(value);
        let unlimited = |n: usize| if n == 0 { usize::MAX } else { n };
        let (count, maxlen) = (unlimited(count), unlimited(maxlen));
        let skip = rank.unsigned_abs().saturating_sub(1);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let last = self.len().saturating_sub(1);
        let matches = |(index, element)| needle.is(element).then_some(index);
        let found = self.iter().enumerate().take(maxlen).filter_map(matches);
        match rank {
            0 => Vec::new(),
            1.. => found.skip(skip).take(count).collect(),
            _ => {
                let found = self.iter().rev().enumerate().take(maxlen).filter_map(matches);
                found.skip(skip).take(count).map(|index| last - index).collect()
            }
        }
    }

    /// An index, counted from the end if negative, as a position; `None` if outside.
    fn position(&self, index: i64) -> Option<u64> {
        let len = self.len() as i64;
        let index = if index < 0 { index.checked_add(len)? } else { index };
        (0..len).contains(&index).then_some(index as u64)
    }

    /// The start and the length of what LRANGE means by two indices.
    fn bounds(&self, start: i64, stop: i64) -> (u64, u64) {
        let len = self.len() as i64;
        let from_end = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
        let start = from_end(start).max(0);
        let stop = from_end(stop).min(len - 1);
        if start > stop { (0, 0) } else { (start as u64, (stop - start + 1) as u64) }
    }

    /// Goes back to one listpack after elements have been removed, if few enough are left.
    fn shrink(&mut self, limits: &Limits) {
        let fill = Fill::new(limits);
        self.reunite(|bytes, entries| fill.reunites(bytes, entries));
    }

    /// Makes a list of one packed chunk a listpack if `fits` says so of its size.
    fn reunite(&mut self, fits: impl FnOnce(usize, usize) -> bool) {
        let Repr::Chunked(tree) = &mut self.repr else { return };
        let Some((first, _)) = tree.get(0) else { return };
        let ChunkRef::Packed(listpack) = first.view() else { return };
        if first.len() as u64 != tree.weight() || !fits(listpack.bytes_len(), first.len()) {
            return;
        }
        if let Some(listpack) = tree.remove_at(0).and_then(Chunk::into_listpack) {
            self.repr = Repr::Packed(listpack);
        }
    }
}

/// As if all chunks were like the first one.
fn free_effort(chunks: &CowTree<Chunk>) -> usize {
    let chunk_len = chunks.get(0).map_or(1, |(chunk, _)| chunk.len().max(1));
    2 * (chunks.weight() as usize).div_ceil(chunk_len)
}

fn push_chunked(tree: &mut CowTree<Chunk>, end: End, value: &[u8], fill: Fill) {
    let position = if end == End::Front { 0 } else { tree.weight().saturating_sub(1) };
    tree.edit_at(position, |leaf, slot| {
        if leaf.items().get(slot.index).is_some_and(|chunk| chunk.takes(value.len(), fill)) {
            leaf.update(slot.index, |chunk| chunk.push(end, value));
        } else {
            let index = if end == End::Front { slot.index } else { slot.index + 1 };
            leaf.insert(index, Chunk::of(value, fill));
        }
    });
}

/// What a search compares elements with: the text, and the integer it may be stored as.
struct Needle<'a> {
    text: &'a [u8],
    number: Option<i64>,
}

impl<'a> Needle<'a> {
    fn new(text: &'a [u8]) -> Self {
        Needle { text, number: parse_i64(text) }
    }

    fn is(&self, element: Element<'_>) -> bool {
        match element {
            Element::Int(value) => self.number == Some(value),
            Element::Bytes(bytes) => bytes == self.text,
        }
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = Element<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
