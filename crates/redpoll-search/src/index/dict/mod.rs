//! The dictionary of a segment: all terms in order, and where their lists are.
//!
//! Terms stand in groups of 16. The first of a group is whole, each other says how many bytes it
//! shares with the one before, so that a term takes about as much memory as in an automaton; and a
//! walk through the terms of a prefix, which is what wildcards and fuzzy words are, reads them one
//! behind the other.

mod filter;
mod key;

pub use filter::{AffixFilter, Filter, FuzzyFilter, Verdict, WildcardFilter};
pub use key::{TEXT, is_word, missing_key, split_key, tag_prefix, text_key};

use super::varint;

/// Terms of a group.
const GROUP: usize = 16;

/// What is known of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TermInfo {
    /// Documents in its list, deleted ones included.
    pub count: u32,
    /// Where its list begins.
    pub start: u64,
    /// Bytes of its list.
    pub len: u32,
}

/// A finished dictionary.
#[derive(Debug, Default)]
pub struct Dict {
    bytes: Box<[u8]>,
    /// Where each group begins.
    groups: Box<[u32]>,
    terms: usize,
}

impl Dict {
    /// How many terms there are.
    pub fn len(&self) -> usize {
        self.terms
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.len() + self.groups.len() * 4
    }

    /// What is known of `term`.
    pub fn get(&self, term: &[u8]) -> Option<TermInfo> {
        let mut cursor = self.group_with(term)?;
        while cursor.next() {
            match cursor.key.as_slice().cmp(term) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Some(cursor.info),
                std::cmp::Ordering::Greater => return None,
            }
            if cursor.left_in_group == 0 {
                return None;
            }
        }
        None
    }

    /// A cursor before the first term that is not below `from`.
    pub fn seek(&self, from: &[u8]) -> Cursor<'_> {
        let Some(mut cursor) = self.group_with(from) else { return self.cursor(0) };
        loop {
            let before = cursor.clone();
            if !cursor.next() || cursor.key.as_slice() >= from {
                return before;
            }
        }
    }

    /// A cursor before the first term.
    pub fn iter(&self) -> Cursor<'_> {
        self.cursor(0)
    }

    /// A cursor before the group that `term` would be in. None if it is below all terms.
    fn group_with(&self, term: &[u8]) -> Option<Cursor<'_>> {
        let behind = self.groups.partition_point(|start| self.first_of(*start) <= term);
        Some(self.cursor(behind.checked_sub(1)?))
    }

    fn first_of(&self, start: u32) -> &[u8] {
        let mut at = start as usize;
        let len = varint::read(&self.bytes, &mut at) as usize;
        self.bytes.get(at..at + len).unwrap_or_default()
    }

    fn cursor(&self, group: usize) -> Cursor<'_> {
        Cursor {
            dict: self,
            at: self.groups.get(group).map_or(self.bytes.len(), |start| *start as usize),
            left_in_group: 0,
            key: Vec::new(),
            shared: 0,
            info: TermInfo::default(),
        }
    }
}

/// A place in a dictionary. It stands before the first term of a group, or on a term.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    dict: &'a Dict,
    at: usize,
    left_in_group: usize,
    /// The term that it stands on.
    pub key: Vec<u8>,
    /// How many bytes the term shares with the one before.
    pub shared: usize,
    /// What is known of it.
    pub info: TermInfo,
}

impl Cursor<'_> {
    /// Goes to the next term. False behind the last.
    pub fn next(&mut self) -> bool {
        let bytes = &self.dict.bytes;
        if self.at >= bytes.len() {
            return false;
        }
        if self.left_in_group == 0 {
            self.left_in_group = GROUP;
            let len = varint::read(bytes, &mut self.at) as usize;
            let first = bytes.get(self.at..self.at + len).unwrap_or_default();
            self.shared = common_prefix(&self.key, first);
            self.key.clear();
            self.key.extend_from_slice(first);
            self.at += len;
            let low = u64::from(varint::read(bytes, &mut self.at));
            let high = u64::from(varint::read(bytes, &mut self.at));
            self.info.start = high << 32 | low;
            self.info.len = 0;
        } else {
            self.shared = varint::read(bytes, &mut self.at) as usize;
            let len = varint::read(bytes, &mut self.at) as usize;
            self.key.truncate(self.shared);
            self.key.extend_from_slice(bytes.get(self.at..self.at + len).unwrap_or_default());
            self.at += len;
        }
        self.info.start += u64::from(self.info.len);
        self.info.count = varint::read(bytes, &mut self.at);
        self.info.len = varint::read(bytes, &mut self.at);
        self.left_in_group -= 1;
        true
    }
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Makes a dictionary, term by term.
#[derive(Debug, Default)]
pub struct DictWriter {
    bytes: Vec<u8>,
    groups: Vec<u32>,
    last: Vec<u8>,
    terms: usize,
}

impl DictWriter {
    /// Adds a term, which must be above the one before, and so must its list.
    pub fn push(&mut self, term: &[u8], info: TermInfo) {
        if self.terms.is_multiple_of(GROUP) {
            self.groups.push(self.bytes.len() as u32);
            varint::write(&mut self.bytes, term.len() as u32);
            self.bytes.extend_from_slice(term);
            varint::write(&mut self.bytes, info.start as u32);
            varint::write(&mut self.bytes, (info.start >> 32) as u32);
        } else {
            let shared = common_prefix(&self.last, term);
            varint::write(&mut self.bytes, shared as u32);
            varint::write(&mut self.bytes, (term.len() - shared) as u32);
            self.bytes.extend_from_slice(&term[shared..]);
        }
        varint::write(&mut self.bytes, info.count);
        varint::write(&mut self.bytes, info.len);
        self.last.clear();
        self.last.extend_from_slice(term);
        self.terms += 1;
    }

    /// How many bytes there are so far.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len() + self.groups.len() * 4
    }

    /// The dictionary.
    pub fn finish(self) -> Dict {
        Dict { bytes: self.bytes.into(), groups: self.groups.into(), terms: self.terms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(words: &[String]) -> Dict {
        let mut writer = DictWriter::default();
        let mut start = 1 << 33;
        for (index, word) in words.iter().enumerate() {
            let len = 1 + index as u32 % 200;
            writer.push(word.as_bytes(), TermInfo { count: index as u32, start, len });
            start += u64::from(len);
        }
        writer.finish()
    }

    fn words(count: usize) -> Vec<String> {
        let mut words: Vec<String> = (0..count).map(|i| format!("w{:x}", i * 7919)).collect();
        words.sort();
        words
    }

    #[test]
    fn every_term_is_found() {
        for count in [0, 1, 15, 16, 17, 500] {
            let words = words(count);
            let dict = dict(&words);
            assert_eq!(dict.len(), count);
            let mut start = 1 << 33;
            for (index, word) in words.iter().enumerate() {
                let info = dict.get(word.as_bytes()).unwrap();
                assert_eq!((info.count, info.start), (index as u32, start));
                start += u64::from(info.len);
            }
            for other in ["", "a", "w", "zz", "w1~"] {
                assert_eq!(dict.get(other.as_bytes()), None);
            }
        }
    }

    #[test]
    fn a_cursor_goes_through_the_terms_in_order() {
        let words = words(300);
        let dict = dict(&words);
        for from in ["", "w2", "w5f", "zz", &words[100], &words[16]] {
            let mut cursor = dict.seek(from.as_bytes());
            for word in words.iter().filter(|word| word.as_str() >= from) {
                assert!(cursor.next());
                assert_eq!(cursor.key, word.as_bytes());
            }
            assert!(!cursor.next());
        }
    }
}
