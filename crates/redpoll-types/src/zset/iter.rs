//! The members of a part of a sorted set, from both ends.

use super::member::Entry;
use super::packed::Pairs;
use crate::listpack::Element;
use crate::tree;
use std::iter::FusedIterator;

/// Members with their scores, in order; made by [`super::ZSet::range`].
///
/// `skip` and `rev().skip()` cost O(log n) on a big set, whatever they skip.
#[derive(Clone)]
pub struct Iter<'a>(pub(super) Inner<'a>);

#[derive(Clone)]
pub(super) enum Inner<'a> {
    Packed(Pairs<'a>),
    Big(tree::Range<'a, Entry>),
}

fn view(entry: &Entry) -> (Element<'_>, f64) {
    (Element::Bytes(entry.member.bytes()), entry.score)
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Element<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Packed(pairs) => pairs.next(),
            Inner::Big(entries) => entries.next().map(view),
        }
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Packed(pairs) => pairs.nth(n),
            Inner::Big(entries) => entries.nth(n).map(view),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = match &self.0 {
            Inner::Packed(pairs) => pairs.len(),
            Inner::Big(entries) => entries.weight() as usize,
        };
        (rest, Some(rest))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Packed(pairs) => pairs.next_back(),
            Inner::Big(entries) => entries.next_back().map(view),
        }
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Packed(pairs) => pairs.nth_back(n),
            Inner::Big(entries) => entries.nth_back(n).map(view),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl FusedIterator for Iter<'_> {}
