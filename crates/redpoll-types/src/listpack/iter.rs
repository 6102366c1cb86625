//! Walking a listpack from both ends.

use super::{Element, codec};

/// The elements of a part of a listpack; made by [`super::Listpack::iter`].
#[derive(Clone)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    /// Start of the next entry from the front.
    front: usize,
    /// End of the next entry from the back.
    back: usize,
}

impl<'a> Iter<'a> {
    /// The elements from `front` to `back`, both ends of entries of a listpack.
    pub(crate) fn new(bytes: &'a [u8], front: usize, back: usize) -> Self {
        Self { bytes, front, back }
    }

    /// Where the next entry from the front begins.
    pub(crate) fn position(&self) -> usize {
        self.front
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        if self.front >= self.back {
            return None;
        }
        let (element, len) = codec::decode(self.bytes, self.front);
        self.front += len;
        Some(element)
    }

    fn nth(&mut self, skip: usize) -> Option<Element<'a>> {
        for _ in 0..skip {
            if self.front >= self.back {
                return None;
            }
            self.front += codec::entry_len(self.bytes, self.front);
        }
        self.next()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        self.back = codec::previous(self.bytes, self.back);
        Some(codec::decode(self.bytes, self.back).0)
    }
}
