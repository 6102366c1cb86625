//! The terms of one part, in order.

use crate::index::dict::Cursor;
use crate::index::head::Head;
use crate::index::part::{Part, PartView};
use crate::index::postings::Postings;
use crate::index::segment::Segment;

/// A place among the terms of a part.
pub struct Source<'a> {
    terms: Terms<'a>,
    docs: u32,
    at_end: bool,
}

enum Terms<'a> {
    Segment { segment: &'a Segment, cursor: Cursor<'a> },
    Head { head: &'a Head, order: Vec<u32>, next: usize, key: Vec<u8> },
}

impl<'a> Source<'a> {
    /// The first term of a part.
    pub fn new(view: &'a PartView) -> Self {
        let terms = match &view.part {
            Part::Segment(segment) => Terms::Segment { segment, cursor: segment.dict.iter() },
            Part::Head(head) => Terms::Head { head, order: head.order(), next: 0, key: Vec::new() },
        };
        let mut source = Source { terms, docs: view.docs, at_end: false };
        source.step();
        source
    }

    /// The key of the term; none behind the last.
    pub fn key(&self) -> Option<&[u8]> {
        match &self.terms {
            _ if self.at_end => None,
            Terms::Segment { cursor, .. } => Some(&cursor.key),
            Terms::Head { key, .. } => Some(key),
        }
    }

    /// Goes to the next term.
    pub fn step(&mut self) {
        self.at_end = match &mut self.terms {
            Terms::Segment { cursor, .. } => !cursor.next(),
            Terms::Head { head, order, next, key } => {
                *next += 1;
                match order.get(*next - 1) {
                    Some(index) => {
                        head.copy_key(*index, key);
                        false
                    }
                    None => true,
                }
            }
        };
    }

    /// The list of the term.
    pub fn postings(&self) -> Postings<'a> {
        match &self.terms {
            Terms::Segment { segment, cursor } => {
                let (bytes, format) = segment.list(&cursor.key, &cursor.info);
                Postings::new(bytes, format, cursor.info.count)
            }
            Terms::Head { head, order, next, key } => head.list_of(order[next - 1], key, self.docs),
        }
    }
}
