//! Documents that two lists share, found a piece at a time.
//!
//! The documents of the longer list's piece are entered in a table by the last bits of their
//! numbers, and those of the shorter list are looked up there. That takes no comparing of which
//! list is behind, whose outcome a processor would guess wrong for every other document.

use std::ops::Range;

use crate::index::postings::{BLOCK, END, Postings};

/// Places of the table. Pieces whose documents are further apart are searched instead.
const SLOTS: usize = 1 << 13;
/// For fewer documents of the shorter list, the table is not worth it.
const FEW: usize = 6;

/// See the module's head.
pub struct Pair {
    /// The place in the piece of the document that has these last bits. What earlier pieces have
    /// left here leads to another document, as any that is not in the piece.
    slots: Vec<u8>,
    /// The piece that was entered last.
    entered: Option<u32>,
    /// Documents below this one have been looked at.
    from: u32,
    /// Where the shared documents stand in the two pieces.
    found: [(u8, u8); BLOCK],
    len: usize,
}

impl Pair {
    /// Nothing has been looked at.
    pub fn new() -> Self {
        Pair { slots: Vec::new(), entered: None, from: 0, found: [(0, 0); BLOCK], len: 0 }
    }

    /// How many documents have been found that both have, in ascending order.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where the one of this number stands in both pieces.
    #[inline]
    pub fn get(&self, number: usize) -> (usize, usize) {
        let (at, other) = self.found[number % BLOCK];
        (usize::from(at), usize::from(other))
    }

    /// No document below this one is of interest.
    pub fn skip_to(&mut self, doc: u32) {
        self.from = self.from.max(doc);
    }

    /// Finds the next documents of a list, all of which it shares with itself. False behind the
    /// last.
    pub fn load_alone(&mut self, list: &mut Postings<'_>) -> bool {
        self.len = 0;
        if list.seek(self.from) == END {
            return false;
        }
        for at in list.at()..list.loaded() {
            self.push(at, at);
        }
        self.from = list.last() + 1;
        true
    }

    /// Finds the next documents that both have, maybe none; `lead` is the shorter list. False
    /// behind the last.
    pub fn load(&mut self, lead: &mut Postings<'_>, other: &mut Postings<'_>) -> bool {
        self.len = 0;
        // Both go to pieces that overlap.
        loop {
            let first = lead.seek(self.from);
            if first == END {
                return false;
            }
            self.from = other.seek(first);
            if self.from == END {
                return false;
            }
            if self.from <= lead.last() {
                break;
            }
        }
        let last = lead.last().min(other.last());
        self.from = last + 1;
        if are_many(lead, last) && self.enter(other) {
            self.look_up(lead.docs(), lead.at()..end(lead, last), other.docs());
        } else {
            self.search(lead, last, other);
        }
        true
    }

    /// Enters the documents of a piece, if there are not too many between the first and the last.
    fn enter(&mut self, list: &Postings<'_>) -> bool {
        if self.entered == Some(list.piece()) {
            return true;
        }
        let docs = &list.docs()[..list.loaded()];
        if docs.first().is_none_or(|first| (list.last() - first) as usize >= SLOTS) {
            return false;
        }
        self.slots.resize(SLOTS, 0);
        for (at, doc) in docs.iter().enumerate() {
            self.slots[*doc as usize % SLOTS] = at as u8;
        }
        self.entered = Some(list.piece());
        true
    }

    /// Looks the lead's documents up in the table.
    fn look_up(&mut self, lead: &[u32; BLOCK], range: Range<usize>, other: &[u32; BLOCK]) {
        let Some(slots) = self.slots.first_chunk::<SLOTS>() else { return };
        let start = range.start;
        let mut len = 0;
        for (at, doc) in lead[range].iter().enumerate() {
            let place = slots[*doc as usize % SLOTS];
            self.found[len % BLOCK] = ((start + at) as u8, place);
            len += usize::from(other[usize::from(place) % BLOCK] == *doc);
        }
        self.len = len;
    }

    /// Searches the other's piece for the lead's documents up to `last`, the last of a piece.
    fn search(&mut self, lead: &mut Postings<'_>, last: u32, other: &mut Postings<'_>) {
        for at in lead.at()..lead.loaded() {
            lead.go_to(at);
            let doc = lead.doc();
            if doc > last {
                return;
            }
            if other.seek(doc) == doc {
                self.push(at, other.at());
            }
        }
    }

    fn push(&mut self, at: usize, other: usize) {
        self.found[self.len % BLOCK] = (at as u8, other as u8);
        self.len += 1;
    }
}

/// Whether enough documents of a list's piece are not behind `last` for the table.
fn are_many(list: &Postings<'_>, last: u32) -> bool {
    let at = list.at() + FEW - 1;
    at < list.loaded() && list.docs()[at] <= last
}

/// Where the documents of a list's piece end that are not behind `last`.
fn end(list: &Postings<'_>, last: u32) -> usize {
    if list.last() <= last {
        return list.loaded();
    }
    list.docs()[..list.loaded()].partition_point(|doc| *doc <= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::postings::{Format, ListWriter};

    fn list(docs: &[u32]) -> Vec<u8> {
        let mut writer = ListWriter::new(Format::DOCS);
        docs.iter().for_each(|doc| writer.push(*doc, 1, u128::MAX, &[], 1));
        let mut out = Vec::new();
        writer.finish(&mut out);
        out
    }

    /// Documents below `docs`, one in so many, at random.
    fn some(docs: u32, one_in: u32, mut state: u32) -> Vec<u32> {
        let random = |_: &u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8).is_multiple_of(one_in)
        };
        (0..docs).filter(random).collect()
    }

    fn shared(lead: &[u32], other: &[u32]) -> Vec<u32> {
        let (bytes, other_bytes) = (list(lead), list(other));
        let mut lead = Postings::new(&bytes, Format::DOCS, lead.len() as u32);
        let mut other = Postings::new(&other_bytes, Format::DOCS, other.len() as u32);
        let (mut pair, mut found) = (Pair::new(), Vec::new());
        while pair.load(&mut lead, &mut other) {
            for number in 0..pair.len() {
                let (at, other_at) = pair.get(number);
                lead.go_to(at);
                other.go_to(other_at);
                assert_eq!(lead.doc(), other.doc());
                found.push(lead.doc());
            }
        }
        found
    }

    #[test]
    fn what_two_lists_share_is_found() {
        for one_in in [1, 2, 5, 50, 400, 3000] {
            for other_in in [1, 3, 20, 90, 1000] {
                let (lead, other) = (some(60_000, one_in, one_in), some(50_000, other_in, 77));
                let want: Vec<u32> =
                    lead.iter().copied().filter(|doc| other.binary_search(doc).is_ok()).collect();
                assert_eq!(shared(&lead, &other), want, "{one_in} {other_in}");
                assert_eq!(shared(&other, &lead), want, "{one_in} {other_in}");
            }
        }
        assert_eq!(shared(&[], &[1]), []);
        assert_eq!(shared(&[END - 1], &[3, END - 1]), [END - 1]);
    }

    #[test]
    fn a_list_shares_all_with_itself() {
        let docs = some(2000, 3, 1);
        let bytes = list(&docs);
        let mut list = Postings::new(&bytes, Format::DOCS, docs.len() as u32);
        let (mut pair, mut found) = (Pair::new(), Vec::new());
        while pair.load_alone(&mut list) {
            for number in 0..pair.len() {
                list.go_to(pair.get(number).0);
                found.push(list.doc());
            }
        }
        assert_eq!(found, docs);
    }
}
