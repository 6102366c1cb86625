//! The elements of a part of a list, from both ends.

use super::chunk::{Chunk, Elements};
use crate::listpack::Element;
use crate::tree;
use std::iter::FusedIterator;

/// The elements at some indices of a list, in order; made by [`super::List::range`].
///
/// Elements to be skipped in the first and the last chunk are only skipped when that end is asked
/// for, so that a forward walk does not pay for finding its last element.
#[derive(Clone)]
pub struct Iter<'a> {
    /// The chunks that neither end has reached.
    chunks: Option<tree::Range<'a, Chunk>>,
    front: Option<Elements<'a>>,
    back: Option<Elements<'a>>,
    /// What to skip in the first chunk before the first element.
    front_skip: usize,
    /// What to skip in the last chunk behind the last element.
    back_skip: usize,
    /// The elements still to come.
    rest: usize,
}

impl<'a> Iter<'a> {
    /// `len` elements of one run, after `skip` others; `total` are in it.
    pub(super) fn of_run(run: Elements<'a>, skip: usize, len: usize, total: usize) -> Self {
        Iter {
            chunks: None,
            front: Some(run),
            back: None,
            front_skip: skip,
            back_skip: total - skip - len,
            rest: len,
        }
    }

    /// `len` elements of these chunks, after `skip` others.
    pub(super) fn of_chunks(chunks: tree::Range<'a, Chunk>, skip: usize, len: usize) -> Self {
        let total = usize::try_from(chunks.weight()).unwrap_or(usize::MAX);
        Iter {
            chunks: Some(chunks),
            front: None,
            back: None,
            front_skip: skip,
            back_skip: total.saturating_sub(skip + len),
            rest: len,
        }
    }

    fn next_chunk(&mut self) -> Option<Elements<'a>> {
        let skip = std::mem::take(&mut self.front_skip);
        match self.chunks.as_mut().and_then(Iterator::next) {
            Some(chunk) => Some(chunk.iter_from(skip)),
            None => {
                let mut run = self.back.take()?;
                skip_front(&mut run, skip);
                Some(run)
            }
        }
    }

    fn next_chunk_back(&mut self) -> Option<Elements<'a>> {
        match self.chunks.as_mut().and_then(DoubleEndedIterator::next_back) {
            Some(chunk) => Some(chunk.iter_from(0)),
            None => self.front.take(),
        }
    }
}

fn skip_front(run: &mut Elements<'_>, skip: usize) {
    if skip > 0 {
        run.nth(skip - 1);
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        if self.rest == 0 {
            return None;
        }
        if let Some(run) = &mut self.front {
            skip_front(run, std::mem::take(&mut self.front_skip));
        }
        loop {
            if let Some(element) = self.front.as_mut().and_then(Iterator::next) {
                self.rest -= 1;
                return Some(element);
            }
            self.front = Some(self.next_chunk()?);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rest, Some(self.rest))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.rest == 0 {
            return None;
        }
        loop {
            let skip = std::mem::take(&mut self.back_skip);
            if let Some(run) = &mut self.back
                && let Some(element) = run.nth_back(skip)
            {
                self.rest -= 1;
                return Some(element);
            }
            // Nothing was skipped yet if there was no run, and nothing is left to skip otherwise.
            self.back_skip = if self.back.is_none() { skip } else { 0 };
            self.back = Some(self.next_chunk_back()?);
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl FusedIterator for Iter<'_> {}
