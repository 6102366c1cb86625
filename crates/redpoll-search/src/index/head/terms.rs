//! The terms of a head and their lists, which grow document by document.

use hashbrown::HashTable;

use super::log::{Chain, Log};
use crate::document::PreparedTerm;
use crate::index::dict::TEXT;
use crate::index::postings::write_posting;
use crate::index::tally::Tally;

/// The terms of a head.
#[derive(Debug, Default)]
pub struct Terms {
    table: HashTable<u32>,
    terms: Vec<Term>,
    keys: Vec<u8>,
    log: Log,
    posting: Vec<u8>,
    records: u64,
    /// Bytes of the keys of words.
    word_bytes: usize,
}

#[derive(Debug)]
struct Term {
    hash: u64,
    key_end: u32,
    count: u32,
    last_doc: u32,
    list: Chain,
}

impl Terms {
    /// Adds a document's terms.
    pub fn push(&mut self, doc: u32, keys: &[u8], payloads: &[u8], terms: &[PreparedTerm]) {
        let (mut key_start, mut payload_start) = (0, 0);
        self.records += terms.len() as u64;
        for term in terms {
            let key = &keys[key_start..term.key_end as usize];
            let payload = &payloads[payload_start..term.payload_end as usize];
            key_start = term.key_end as usize;
            payload_start = term.payload_end as usize;
            let index = self.index_of(key, term.hash);
            let entry = &mut self.terms[index as usize];
            self.posting.clear();
            write_posting(&mut self.posting, doc - entry.last_doc, term.once, payload);
            self.log.append(&mut entry.list, &self.posting);
            entry.count += 1;
            entry.last_doc = doc;
        }
    }

    fn index_of(&mut self, key: &[u8], hash: u64) -> u32 {
        if let Some(index) = self.find(key, hash) {
            return index;
        }
        let index = self.terms.len() as u32;
        let Terms { table, terms, .. } = self;
        table.insert_unique(hash, index, |index| terms[*index as usize].hash);
        self.keys.extend_from_slice(key);
        self.word_bytes += if key.first() == Some(&TEXT) { key.len() } else { 0 };
        let key_end = self.keys.len() as u32;
        let list = self.log.chain();
        self.terms.push(Term { hash, key_end, count: 0, last_doc: 0, list });
        index
    }

    fn find(&self, key: &[u8], hash: u64) -> Option<u32> {
        let found = self.table.find(hash, |index| {
            self.terms[*index as usize].hash == hash && self.key(*index) == key
        });
        found.copied()
    }

    /// The key of a term.
    pub fn key(&self, index: u32) -> &[u8] {
        let start = match index {
            0 => 0,
            index => self.terms[index as usize - 1].key_end,
        };
        &self.keys[start as usize..self.terms[index as usize].key_end as usize]
    }

    /// How many documents have a term, and the last of them.
    pub fn count(&self, key: &[u8], hash: u64) -> Option<(u32, u32)> {
        let term = &self.terms[self.find(key, hash)? as usize];
        Some((term.count, term.last_doc))
    }

    /// A copy of a term's list, and how many postings it has.
    pub fn copy_list(&self, key: &[u8], hash: u64) -> Option<(Vec<u8>, u32)> {
        Some(self.list(self.find(key, hash)?))
    }

    /// A copy of the list of a term by number.
    pub fn list(&self, index: u32) -> (Vec<u8>, u32) {
        let term = &self.terms[index as usize];
        (self.log.copy(&term.list), term.count)
    }

    /// How many terms there are.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        self.dict_bytes() + self.log.len()
    }

    fn dict_bytes(&self) -> usize {
        self.terms.len() * size_of::<Term>() + self.table.capacity() * 5 + self.keys.len()
    }

    /// What there is, but for positions.
    pub fn tally(&self) -> Tally {
        let dict = self.dict_bytes() as u64;
        let share = self.word_bytes as f64 / self.keys.len().max(1) as f64;
        let word_bytes = (dict as f64 * share) as u64;
        Tally {
            records: self.records,
            blocks: self.terms.len() as u64,
            list_bytes: self.log.len() as u64,
            word_bytes,
            tag_bytes: dict - word_bytes,
            ..Tally::default()
        }
    }
}

/// The terms of a head in the order of their keys, as far as known.
#[derive(Debug, Default)]
pub struct Sorted {
    order: Vec<u32>,
}

impl Sorted {
    /// Puts the terms that have come since in their places.
    pub fn update(&mut self, terms: &Terms) {
        if self.order.len() == terms.len() {
            return;
        }
        let mut new: Vec<u32> = (self.order.len() as u32..terms.len() as u32).collect();
        new.sort_unstable_by(|a, b| terms.key(*a).cmp(terms.key(*b)));
        let mut merged = Vec::with_capacity(terms.len());
        let mut old = self.order.as_slice();
        for index in new {
            let key = terms.key(index);
            let before = old.partition_point(|other| terms.key(*other) < key);
            merged.extend_from_slice(&old[..before]);
            merged.push(index);
            old = &old[before..];
        }
        merged.extend_from_slice(old);
        self.order = merged;
    }

    /// The terms whose keys are not below `key`.
    pub fn from(&self, terms: &Terms, key: &[u8]) -> &[u32] {
        let before = self.order.partition_point(|other| terms.key(*other) < key);
        &self.order[before..]
    }
}
