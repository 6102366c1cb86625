//! A chunk of a long list: a listpack of many elements, or one element too large for that.

use super::fill::Fill;
use super::{End, Needle};
use crate::footprint;
use crate::listpack::{self, Builder, Element, Listpack};
use crate::parts::Block;
use crate::tree::Item;
use redpoll_memory::tiers;
use std::iter::FusedIterator;
use triomphe::Arc;

/// What [`super::List::chunks`] shows of a chunk, and [`super::List::from_chunks`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkRef<'a> {
    /// Many elements.
    Packed(&'a Listpack),
    /// One large element.
    Plain(&'a [u8]),
}

impl<'a> ChunkRef<'a> {
    /// The chunk's bytes where they lie.
    pub(crate) fn as_bytes(&self) -> &'a [u8] {
        match *self {
            ChunkRef::Packed(listpack) => listpack.as_bytes(),
            ChunkRef::Plain(bytes) => bytes,
        }
    }
}

/// An item of the tree. The contents are shared with snapshots apart from the tree's nodes, so
/// that a writer who copies a node does not copy the half megabyte that its items hold.
#[derive(Clone)]
pub(super) struct Chunk {
    data: Data,
    /// The number of elements, here because positions are searched by it.
    len: u32,
}

#[derive(Clone)]
enum Data {
    Packed(Arc<Listpack>),
    Plain(Arc<Box<[u8]>>),
}

impl Item for Chunk {
    type Key = ();
    const UNIT_WEIGHT: bool = false;

    fn key(&self) -> &() {
        &()
    }

    fn weight(&self) -> u64 {
        u64::from(self.len)
    }
}

impl Chunk {
    /// A chunk with these elements.
    pub(super) fn packed(listpack: Listpack) -> Self {
        // A listpack has fewer bytes than a u32 can count.
        let len = u32::try_from(listpack.len()).unwrap_or(u32::MAX);
        Chunk { data: Data::Packed(Arc::new(listpack)), len }
    }

    /// A chunk with this one large element.
    pub(super) fn plain(value: &[u8]) -> Self {
        Chunk { data: Data::Plain(Arc::new(tiers::copy(value))), len: 1 }
    }

    /// A chunk with this one element, of the kind that its size asks for.
    pub(super) fn of(value: &[u8], fill: Fill) -> Self {
        if fill.is_large(value.len()) {
            return Self::plain(value);
        }
        let mut listpack = Listpack::new();
        listpack.push_back(value);
        Self::packed(listpack)
    }

    pub(super) fn view(&self) -> ChunkRef<'_> {
        match &self.data {
            Data::Packed(listpack) => ChunkRef::Packed(listpack),
            Data::Plain(value) => ChunkRef::Plain(value),
        }
    }

    /// The contents, to be moved to another tier, unless a snapshot shares them.
    pub(super) fn part(&mut self) -> Option<Block<'_>> {
        match &mut self.data {
            Data::Packed(listpack) => Arc::get_mut(listpack).map(Block::Pack),
            Data::Plain(value) => Arc::get_mut(value).map(Block::Whole),
        }
    }

    /// The number of elements.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// The bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let (shared, bytes) = match &self.data {
            Data::Packed(listpack) => (size_of::<Listpack>(), listpack.bytes_len()),
            Data::Plain(value) => (size_of::<Box<[u8]>>(), value.len()),
        };
        footprint::allocated(footprint::ARC_HEADER + shared) + footprint::allocated(bytes)
    }

    /// The element at `index`.
    pub(super) fn get(&self, index: u64) -> Option<Element<'_>> {
        match &self.data {
            Data::Packed(listpack) => listpack.get(i64::try_from(index).ok()?),
            Data::Plain(value) => (index == 0).then_some(Element::Bytes(value)),
        }
    }

    /// The elements from `skip` on.
    pub(super) fn iter_from(&self, skip: usize) -> Elements<'_> {
        match &self.data {
            Data::Packed(listpack) if skip > 0 => match listpack.seek(skip as i64) {
                Some(cursor) => Elements::Packed(listpack.iter_from(cursor)),
                None => Elements::Plain(None),
            },
            Data::Packed(listpack) => Elements::Packed(listpack.iter()),
            Data::Plain(value) => Elements::Plain((skip == 0).then_some(&value[..])),
        }
    }

    /// Whether an element of `len` bytes may be added.
    pub(super) fn takes(&self, len: usize, fill: Fill) -> bool {
        match &self.data {
            Data::Packed(listpack) => {
                !fill.is_large(len) && fill.takes(listpack.bytes_len(), self.len(), len)
            }
            Data::Plain(_) => false,
        }
    }

    /// Changes the listpack of a packed chunk; does nothing to a plain one.
    fn change(&mut self, change: impl FnOnce(&mut Listpack)) {
        if let Data::Packed(listpack) = &mut self.data {
            let listpack = Arc::make_mut(listpack);
            change(listpack);
            self.len = u32::try_from(listpack.len()).unwrap_or(u32::MAX);
        }
    }

    /// Adds an element at an end; the caller has asked [`Self::takes`].
    pub(super) fn push(&mut self, end: End, value: &[u8]) {
        self.change(|listpack| match end {
            End::Front => listpack.push_front(value),
            End::Back => listpack.push_back(value),
        });
    }

    /// Inserts an element before the one at `index`; the caller has asked [`Self::takes`].
    pub(super) fn insert(&mut self, index: u64, value: &[u8]) {
        self.change(|listpack| match listpack.seek(index as i64) {
            Some(cursor) => {
                listpack.insert_before(cursor, value);
            }
            None => listpack.push_back(value),
        });
    }

    /// Shows `see` the element at an end and takes it out; a chunk of one element is empty
    /// afterwards.
    pub(super) fn pop<R>(&mut self, end: End, see: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        if let Data::Plain(value) = &mut self.data {
            self.len = 0;
            return Some(see(Element::Bytes(&std::mem::take(value))));
        }
        let mut seen = None;
        self.change(|listpack| {
            let cursor = if end == End::Front { listpack.first() } else { listpack.last() };
            if let Some(cursor) = cursor {
                seen = Some(see(listpack.at(cursor)));
                listpack.remove(cursor);
            }
        });
        seen
    }

    /// Replaces the element at `index`, if the result is a chunk of the right kind and size.
    pub(super) fn replace(&mut self, index: u64, value: &[u8], fill: Fill) -> bool {
        let others = self.len().saturating_sub(1);
        match &mut self.data {
            Data::Plain(old) if fill.is_large(value.len()) => {
                *old = Arc::new(value.into());
                return true;
            }
            Data::Packed(listpack) if !fill.is_large(value.len()) => {
                let Some(cursor) = listpack.seek(index as i64) else { return false };
                let old = match listpack.at(cursor) {
                    Element::Int(_) => 1,
                    Element::Bytes(bytes) => bytes.len(),
                };
                let rest = listpack.bytes_len() - old;
                if others > 0 && !fill.takes(rest, others, value.len()) {
                    return false;
                }
                Arc::make_mut(listpack).replace(cursor, value);
                return true;
            }
            _ => {}
        }
        false
    }

    /// Removes `count` elements from `index` on.
    pub(super) fn remove_range(&mut self, index: u64, count: u64) {
        if let Data::Plain(_) = self.data {
            self.len = if index == 0 && count > 0 { 0 } else { 1 };
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.change(|listpack| {
            listpack.remove_range(index as i64, count);
        });
    }

    /// Takes the elements from `index` on away, as a chunk of their own.
    pub(super) fn split_off(&mut self, index: u64) -> Self {
        let mut right = Listpack::new();
        self.change(|listpack| right = listpack.split_off(index as i64));
        Self::packed(right)
    }

    /// Removes elements equal to `needle`, at most `count`, starting at one end; returns how many.
    pub(super) fn remove(&mut self, needle: &Needle<'_>, end: End, count: usize) -> usize {
        let found = self.iter_from(0).filter(|element| needle.is(*element)).count();
        let removed = found.min(count);
        // The matches that stay: those at the other end.
        let (mut skip, mut take) = match end {
            End::Front => (0, removed),
            End::Back => (found - removed, removed),
        };
        let doomed = |element: Element<'_>| {
            if !needle.is(element) {
                return false;
            }
            if skip > 0 {
                skip -= 1;
                return false;
            }
            let doomed = take > 0;
            take -= usize::from(doomed);
            doomed
        };
        if removed == 0 {
            return 0;
        }
        self.retain_not(doomed);
        removed
    }

    fn retain_not(&mut self, mut doomed: impl FnMut(Element<'_>) -> bool) {
        match &mut self.data {
            Data::Plain(value) => self.len = u32::from(!doomed(Element::Bytes(value))),
            Data::Packed(listpack) => {
                let mut kept = Builder::with_capacity(listpack.bytes_len());
                for element in listpack.iter().filter(|element| !doomed(*element)) {
                    kept.push_element(element);
                }
                let kept = kept.finish();
                self.len = u32::try_from(kept.len()).unwrap_or(u32::MAX);
                *listpack = Arc::new(kept);
            }
        }
    }

    /// The listpack of a packed chunk that may become the whole list.
    pub(super) fn into_listpack(self) -> Option<Listpack> {
        match self.data {
            Data::Packed(listpack) => Some(Arc::unwrap_or_clone(listpack)),
            Data::Plain(_) => None,
        }
    }
}

/// The elements of a chunk.
#[derive(Clone)]
pub(super) enum Elements<'a> {
    Packed(listpack::Iter<'a>),
    Plain(Option<&'a [u8]>),
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        match self {
            Elements::Packed(elements) => elements.next(),
            Elements::Plain(value) => value.take().map(Element::Bytes),
        }
    }

    fn nth(&mut self, n: usize) -> Option<Element<'a>> {
        match self {
            Elements::Packed(elements) => elements.nth(n),
            Elements::Plain(value) => value.take().filter(|_| n == 0).map(Element::Bytes),
        }
    }
}

impl DoubleEndedIterator for Elements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Elements::Packed(elements) => elements.next_back(),
            Elements::Plain(value) => value.take().map(Element::Bytes),
        }
    }
}

impl FusedIterator for Elements<'_> {}
