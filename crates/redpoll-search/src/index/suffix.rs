//! An index of the ends of terms: for patterns that do not know how a term begins.
//!
//! Every end of every term, in order. A part of a term begins one of its ends, so that the terms
//! that contain it are neighbours. A field has to ask for it, as it takes several times the memory
//! of the terms.

use super::dict::{TEXT, split_key, tag_prefix};
use super::packed::Packed;
use crate::query::FieldId;
use crate::schema::{FieldKind, Schema};

/// Which terms are to be in such an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuffixFields {
    text: bool,
    tags: Vec<[u8; 3]>,
}

impl SuffixFields {
    /// What a schema asks for. Words are in it if any text field asks for it.
    pub fn new(schema: &Schema) -> Self {
        let mut fields = SuffixFields::default();
        for (index, field) in schema.fields().iter().enumerate() {
            match &field.kind {
                FieldKind::Text(text) => fields.text |= text.suffix_index,
                FieldKind::Tag(tag) if tag.suffix_index => {
                    fields.tags.push(tag_prefix(FieldId(index as u16)));
                }
                _ => {}
            }
        }
        fields
    }

    /// Whether terms whose keys begin so are in it.
    pub fn covers(&self, key: &[u8]) -> bool {
        match key.first() {
            Some(&TEXT) => self.text,
            _ => self.tags.iter().any(|prefix| key.starts_with(prefix)),
        }
    }
}

/// The ends of the terms of a segment.
#[derive(Debug)]
pub struct SuffixIndex {
    fields: SuffixFields,
    /// The keys, one behind the other, in order.
    keys: Box<[u8]>,
    /// Where each ends.
    ends: Packed,
    /// Where each end of a term begins in `keys`, in the order of the ends.
    order: Packed,
}

impl SuffixIndex {
    /// The index of these keys, in order. None if there are none.
    pub fn new(fields: SuffixFields, keys: Vec<u8>, key_ends: &[u64]) -> Option<Self> {
        if key_ends.is_empty() {
            return None;
        }
        let mut suffixes: Vec<(u32, u32)> = Vec::with_capacity(keys.len());
        let mut start = 0;
        for end in key_ends {
            let end = *end as usize;
            let term = split_key(&keys[start..end]).len();
            suffixes.extend((end - term..end).map(|at| (at as u32, end as u32)));
            start = end;
        }
        suffixes.sort_unstable_by(|a, b| {
            keys[a.0 as usize..a.1 as usize].cmp(&keys[b.0 as usize..b.1 as usize])
        });
        Some(SuffixIndex {
            fields,
            ends: Packed::new(key_ends.iter().copied()),
            order: Packed::new(suffixes.iter().map(|(at, _)| u64::from(*at))),
            keys: keys.into(),
        })
    }

    /// Whether the terms of this kind are in it.
    pub fn covers(&self, prefix: &[u8]) -> bool {
        self.fields.covers(prefix)
    }

    /// Calls `each` with the keys of the terms that contain `text`, or end with it, until it says
    /// false; in no order, and a term as often as it contains the text.
    pub fn find(&self, text: &[u8], at_end: bool, mut each: impl FnMut(&[u8]) -> bool) {
        let first = self.partition(|suffix| suffix < text);
        for place in first..self.order.len() {
            let at = self.order.get(place) as usize;
            let (start, end) = self.key_around(at);
            let suffix = &self.keys[at..end];
            if !suffix.starts_with(text) || at_end && suffix.len() > text.len() {
                return;
            }
            if !each(&self.keys[start..end]) {
                return;
            }
        }
    }

    /// How many ends come before.
    fn partition(&self, is_before: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.order.len());
        while low < high {
            let middle = (low + high) / 2;
            let at = self.order.get(middle) as usize;
            if is_before(&self.keys[at..self.key_around(at).1]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The key that the byte at `at` belongs to.
    fn key_around(&self, at: usize) -> (usize, usize) {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.ends.get(middle) as usize <= at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let start = if low == 0 { 0 } else { self.ends.get(low - 1) };
        (start as usize, self.ends.get(low) as usize)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.keys.len() + self.ends.heap_bytes() + self.order.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_found_by_their_parts() {
        let fields = SuffixFields { text: true, tags: Vec::new() };
        let (mut keys, mut ends) = (Vec::new(), Vec::new());
        for word in ["ban", "banana", "can", "nan"] {
            keys.push(TEXT);
            keys.extend_from_slice(word.as_bytes());
            ends.push(keys.len() as u64);
        }
        let index = SuffixIndex::new(fields, keys, &ends).unwrap();
        let find = |text: &str, at_end: bool| {
            let mut found = Vec::new();
            index.find(text.as_bytes(), at_end, |key| {
                found.push(String::from_utf8_lossy(split_key(key)).into_owned());
                true
            });
            found.sort();
            found.dedup();
            found.join(" ")
        };
        assert_eq!(find("an", false), "ban banana can nan");
        assert_eq!(find("an", true), "ban can nan");
        assert_eq!(find("ana", false), "banana");
        assert_eq!(find("b", false), "ban banana");
        assert_eq!(find("x", false), "");
        assert_eq!(find("nanb", false), "", "not beyond a term's end");
        assert!(index.covers(b"\0") && !index.covers(&tag_prefix(FieldId(1))));
    }
}
