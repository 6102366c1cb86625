//! From a document to what the index stores of it.
//!
//! All that can be done without the index is done here, beside other writers: text is analysed,
//! words are gathered, and each posting is encoded but for the number of the document, which is not
//! known yet.

use ahash::RandomState;
use hashbrown::HashTable;

use super::values;
use super::{DocRecord, Document};
use crate::analysis::{Analyzer, Language, Scratch, StopWords, TextOptions, lower_case};
use crate::index::GroupsOf;
use crate::index::dict::{TEXT, missing_key, tag_prefix};
use crate::index::postings::{Format, write_payload};
use crate::index::varint;
use crate::query::FieldId;
use crate::schema::{Field, FieldKind, Schema, TagField, TextField};
use crate::vector::Vector;
use std::sync::Arc;

/// How much less than the word its stem weighs.
const STEM_FACTOR: f32 = 0.2;

/// Bytes of a document's values. Its terms and postings must be counted in 32 bits.
const BYTES_MAX: usize = 256 << 20;

/// Why a document cannot be indexed.
#[derive(Debug, Clone, PartialEq)]
pub enum DocumentError {
    /// Not a number.
    Number(FieldId, Vec<u8>),
    /// Not a point on the map.
    Geo(FieldId, Vec<u8>),
    /// Not a shape.
    Shape(FieldId, Vec<u8>),
    /// More bytes than a document may have.
    TooLarge,
    /// Not as many bytes as a vector of the field has.
    VectorSize {
        /// The field.
        field: FieldId,
        /// Bytes of the value.
        bytes: usize,
        /// Bytes of a vector.
        expected: usize,
    },
}

impl DocumentError {
    /// The field that is to blame.
    pub fn field(&self) -> Option<FieldId> {
        match self {
            DocumentError::Number(field, _)
            | DocumentError::Geo(field, _)
            | DocumentError::Shape(field, _)
            | DocumentError::VectorSize { field, .. } => Some(*field),
            DocumentError::TooLarge => None,
        }
    }
}

/// A document, ready to be added.
#[derive(Debug)]
pub struct Prepared {
    /// What is kept besides the terms.
    pub record: DocRecord,
    /// Keys of the terms, one behind the other.
    pub keys: Vec<u8>,
    /// Encoded postings, one behind the other.
    pub payloads: Vec<u8>,
    /// The terms.
    pub terms: Vec<PreparedTerm>,
    /// The vectors.
    pub vectors: Vec<(FieldId, Vector)>,
    /// Positions of words.
    pub positions: usize,
    /// Bytes of the payloads that are those of positions.
    pub position_bytes: usize,
}

/// A term of a document.
#[derive(Debug, Clone, Copy)]
pub struct PreparedTerm {
    /// The hash of its key.
    pub hash: u64,
    /// Where its key ends; it begins where that of the term before ends.
    pub key_end: u32,
    /// Where its posting ends, likewise.
    pub payload_end: u32,
    /// Whether it occurs once.
    pub once: bool,
}

/// A term while a document is gone through.
#[derive(Debug)]
struct Gathered {
    hash: u64,
    key_end: u32,
    freq: u32,
    mask: u128,
    /// How often it occurs.
    count: u32,
    /// Whether it is a word of text: tags have no positions.
    is_text: bool,
}

/// Prepares one document after the other, in memory that it uses again.
#[derive(Debug)]
pub struct Preparer {
    hasher: RandomState,
    scratch: Scratch,
    table: HashTable<u32>,
    keys: Vec<u8>,
    terms: Vec<Gathered>,
    /// The words in the order of the text: which term, and where.
    places: Vec<(u32, u32)>,
    key: Vec<u8>,
    positions: Vec<u32>,
    starts: Vec<u32>,
    /// Words so far, of all fields.
    position: u32,
    len: u32,
}

impl Preparer {
    /// `hasher` is that of the index.
    pub fn new(hasher: RandomState) -> Self {
        Preparer {
            hasher,
            scratch: Scratch::default(),
            table: HashTable::new(),
            keys: Vec::new(),
            terms: Vec::new(),
            places: Vec::new(),
            key: Vec::new(),
            positions: Vec::new(),
            starts: Vec::new(),
            position: 0,
            len: 0,
        }
    }

    /// Prepares a document. `format` is that of the lists of words.
    pub fn prepare(
        &mut self,
        document: &Document<'_>,
        schema: &Schema,
        format: Format,
        synonyms: &GroupsOf<'_>,
    ) -> Result<Prepared, DocumentError> {
        self.clear();
        let bytes: usize = document.fields.iter().map(|(_, value)| value.len()).sum();
        if bytes > BYTES_MAX {
            return Err(DocumentError::TooLarge);
        }
        let options = schema.options();
        let values = values_by_field(document, schema);
        let language = document.language.unwrap_or(options.language);
        let text = Words { language, stop_words: &options.stop_words, synonyms };
        let mut vectors = Vec::new();
        let mut record = DocRecord {
            key: document.key.into(),
            score: document.score.unwrap_or(options.score) as f32,
            payload: document.payload.map(Into::into),
            ..DocRecord::default()
        };
        let mut shapes = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let id = FieldId(index as u16);
            let Some(value) = values[index] else {
                if field.index_missing {
                    self.add_key(&missing_key(id));
                }
                continue;
            };
            if field.no_index {
                continue;
            }
            match &field.kind {
                FieldKind::Text(options) => {
                    let bit = schema.text_bit(id).unwrap_or(0);
                    self.add_text(value, bit, field, options, &text);
                }
                FieldKind::Tag(options) => self.add_tags(value, id, field, options),
                FieldKind::Shape(system) => shapes.push((id, values::shape(id, value, *system)?)),
                FieldKind::Vector(options) => {
                    vectors.push((id, values::vector(id, value, options)?));
                }
                FieldKind::Numeric | FieldKind::Geo => {}
            }
        }
        record.shapes = shapes.into();
        record.values = values::columns(schema, &values)?;
        record.len = self.len;
        Ok(self.finish(record, vectors, format))
    }

    fn clear(&mut self) {
        self.table.clear();
        self.keys.clear();
        self.terms.clear();
        self.places.clear();
        self.position = 0;
        self.len = 0;
    }

    fn add_text(
        &mut self,
        value: &[u8],
        bit: u8,
        field: &Field,
        options: &TextField,
        words: &Words<'_>,
    ) {
        let mask = 1u128 << bit;
        let weight = options.weight as f32;
        let word_freq = (weight as u32).max(1);
        let stem_freq = ((weight * STEM_FACTOR) as u32).max(1);
        if value.is_empty() {
            self.position += 1;
            if field.index_empty {
                self.add_word(b"", mask, word_freq);
                self.len += word_freq;
            }
            return;
        }
        let analyzer = Analyzer::new(words.language, Arc::clone(words.stop_words));
        let wanted = TextOptions { stem: !options.no_stem, phonetic: options.phonetic };
        let mut scratch = std::mem::take(&mut self.scratch);
        let before = self.position;
        analyzer.analyze(value, wanted, &mut scratch, |token| {
            self.position = before + token.position;
            self.len += word_freq;
            self.add_word(token.term, mask, word_freq);
            if let Some(stem) = token.stem {
                self.add_word(stem, mask, stem_freq);
            }
            (words.synonyms)(token.term, &mut |group| self.add_word(group, mask, word_freq));
            if let Some(sound) = token.sound {
                self.add_word(sound, mask, word_freq);
            }
        });
        self.scratch = scratch;
    }

    fn add_tags(&mut self, value: &[u8], id: FieldId, field: &Field, options: &TagField) {
        for tag in value.split(|byte| *byte == options.separator) {
            let tag = tag.trim_ascii();
            if tag.is_empty() && !field.index_empty {
                continue;
            }
            let mut key = tag_prefix(id).to_vec();
            if options.case_sensitive {
                key.extend_from_slice(tag);
            } else {
                key.extend_from_slice(&lower_case(tag));
            }
            self.add_key(&key);
        }
    }

    /// Adds a key without positions.
    fn add_key(&mut self, key: &[u8]) {
        self.key.clear();
        self.key.extend_from_slice(key);
        let term = self.gather(false);
        self.terms[term as usize].freq = 1;
    }

    fn add_word(&mut self, word: &[u8], mask: u128, freq: u32) {
        self.key.clear();
        self.key.push(TEXT);
        self.key.extend_from_slice(word);
        let term = self.gather(true);
        let gathered = &mut self.terms[term as usize];
        gathered.mask |= mask;
        gathered.freq = gathered.freq.saturating_add(freq);
        // A word and its synonym may be the same term, at the same place.
        if self.places.last() != Some(&(term, self.position)) {
            gathered.count += 1;
            self.places.push((term, self.position));
        }
    }

    /// The number of the term of `self.key`.
    fn gather(&mut self, is_text: bool) -> u32 {
        let hash = self.hasher.hash_one(self.key.as_slice());
        let Preparer { table, terms, keys, key, .. } = self;
        let key_of = |index: u32| {
            let start = match index {
                0 => 0,
                index => terms[index as usize - 1].key_end,
            };
            &keys[start as usize..terms[index as usize].key_end as usize]
        };
        if let Some(index) = table.find(hash, |index| key_of(*index) == key.as_slice()) {
            return *index;
        }
        let index = terms.len() as u32;
        table.insert_unique(hash, index, |index| terms[*index as usize].hash);
        keys.extend_from_slice(key);
        let key_end = keys.len() as u32;
        terms.push(Gathered { hash, key_end, freq: 0, mask: 0, count: 0, is_text });
        index
    }

    fn finish(
        &mut self,
        mut record: DocRecord,
        vectors: Vec<(FieldId, Vector)>,
        format: Format,
    ) -> Prepared {
        self.sort_places();
        let mut payloads = Vec::with_capacity(self.places.len() * 2);
        let mut terms = Vec::with_capacity(self.terms.len());
        let mut position_bytes = 0;
        for (index, term) in self.terms.iter().enumerate() {
            let places = self.starts[index] as usize..self.starts[index + 1] as usize;
            let positions = self.positions[places].iter().copied();
            let format = if term.is_text { format } else { Format::DOCS };
            if format.positions {
                let mut last = 0;
                position_bytes += positions
                    .clone()
                    .map(|position| {
                        varint::width(position - std::mem::replace(&mut last, position))
                    })
                    .sum::<usize>();
            }
            let once = write_payload(&mut payloads, format, term.freq, term.mask, positions);
            let payload_end = payloads.len() as u32;
            terms.push(PreparedTerm { hash: term.hash, key_end: term.key_end, payload_end, once });
            if term.is_text {
                record.freq_max = record.freq_max.max(term.freq);
            }
        }
        let positions = if format.positions { self.positions.len() } else { 0 };
        let keys = self.keys.clone();
        Prepared { record, keys, payloads, terms, vectors, positions, position_bytes }
    }

    /// Puts the positions of each term together; they stay in order.
    fn sort_places(&mut self) {
        self.starts.clear();
        let mut total = 0;
        for term in &self.terms {
            self.starts.push(total);
            total += term.count;
        }
        self.starts.push(total);
        self.positions.clear();
        self.positions.resize(total as usize, 0);
        let mut next = self.starts.clone();
        for (term, position) in &self.places {
            let at = &mut next[*term as usize];
            self.positions[*at as usize] = *position;
            *at += 1;
        }
    }
}

/// What is needed to find the words of a text.
struct Words<'a> {
    language: Language,
    stop_words: &'a Arc<StopWords>,
    synonyms: &'a GroupsOf<'a>,
}

/// The values of a document, by the fields of the schema.
fn values_by_field<'a>(document: &Document<'a>, schema: &Schema) -> Vec<Option<&'a [u8]>> {
    let mut values = vec![None; schema.fields().len()];
    for (name, value) in document.fields {
        for id in schema.ids_of_path(name) {
            values[usize::from(id.0)] = Some(*value);
        }
    }
    values
}
