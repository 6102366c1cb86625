//! The definition of an index.
//!
//! A schema does not change: FT.ALTER makes a new one with more fields, and documents that were
//! indexed before lack them. Fields are called by their number from here on, and text fields by a
//! bit beside it, as a posting holds the set of fields that a word stands in.

mod field;
mod vector;

use std::collections::HashMap;
use std::sync::Arc;

pub use field::{CoordinateSystem, Field, FieldKind, Sortable, TagField, TextField};
pub use vector::{Algorithm, Element, HnswOptions, Metric, VamanaOptions, VectorField};

use crate::analysis::{Language, StopWords};
use crate::query::{FieldId, FieldInfo, FieldKinds, Fields, TextMask};

/// Fields of an index.
pub const FIELDS_MAX: usize = 1024;
/// Text fields among them.
pub const TEXT_FIELDS_MAX: usize = 128;

/// What holds for an index as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexOptions {
    /// Which documents belong to it: those whose names begin with one of these.
    pub prefixes: Vec<Vec<u8>>,
    /// Which documents belong to it: those for which this expression holds. It is not evaluated
    /// here.
    pub filter: Option<Vec<u8>>,
    /// The language of documents that do not say theirs.
    pub language: Language,
    /// The field of a document that says its language.
    pub language_field: Option<Vec<u8>>,
    /// The score of documents that do not say theirs.
    pub score: f64,
    /// The field of a document that says its score.
    pub score_field: Option<Vec<u8>>,
    /// The field of a document that holds its payload.
    pub payload_field: Option<Vec<u8>>,
    /// The words that are not indexed.
    pub stop_words: Arc<StopWords>,
    /// Positions of words are not kept: no phrases, no slop.
    pub no_offsets: bool,
    /// Nothing is kept for highlighting.
    pub no_highlight: bool,
    /// Which fields a word stands in is not kept.
    pub no_fields: bool,
    /// How often a word occurs is not kept.
    pub no_frequencies: bool,
    /// The index goes after so many seconds without use.
    pub temporary_s: Option<u64>,
    /// Documents that exist already are not indexed.
    pub skip_initial_scan: bool,
    /// There will be more than 32 text fields. Accepted, and needed by nothing.
    pub max_text_fields: bool,
    /// All documents are to be found quickly. Accepted, and so without.
    pub index_all: bool,
}

impl Default for IndexOptions {
    fn default() -> Self {
        IndexOptions {
            prefixes: Vec::new(),
            filter: None,
            language: Language::default(),
            language_field: None,
            score: 1.0,
            score_field: None,
            payload_field: None,
            stop_words: Arc::default(),
            no_offsets: false,
            no_highlight: false,
            no_fields: false,
            no_frequencies: false,
            temporary_s: None,
            skip_initial_scan: false,
            max_text_fields: false,
            index_all: false,
        }
    }
}

impl IndexOptions {
    /// Whether documents say something of themselves in this field: their score, language or
    /// payload.
    pub fn is_special(&self, field: &[u8]) -> bool {
        let special = [&self.score_field, &self.language_field, &self.payload_field];
        special.into_iter().flatten().any(|name| name == field)
    }
}

/// Why a schema cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaError {
    /// Two fields of one name.
    DuplicateName(Vec<u8>),
    /// More than [`FIELDS_MAX`] fields.
    TooManyFields,
    /// More than [`TEXT_FIELDS_MAX`] text fields.
    TooManyTextFields,
}

/// What a column of a part holds: values by document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// Numbers, and points as numbers.
    Number,
    /// Byte strings to sort by.
    Text,
}

/// A column, and the field it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) field: FieldId,
    pub(crate) kind: ColumnKind,
}

/// The definition of an index.
#[derive(Debug, Clone)]
pub struct Schema {
    options: IndexOptions,
    fields: Vec<Field>,
    by_name: HashMap<Vec<u8>, FieldId>,
    by_path: HashMap<Vec<u8>, Vec<FieldId>>,
    /// For each text field, in the order of their bits.
    texts: Vec<FieldId>,
    text_bits: Vec<u8>,
    /// Which text fields are indexed by sound.
    phonetic: TextMask,
    columns: Vec<Column>,
}

impl Schema {
    /// A schema of these fields.
    pub fn new(options: IndexOptions, fields: Vec<Field>) -> Result<Self, SchemaError> {
        let mut schema = Schema {
            options,
            fields: Vec::with_capacity(fields.len()),
            by_name: HashMap::new(),
            by_path: HashMap::new(),
            texts: Vec::new(),
            text_bits: Vec::new(),
            phonetic: TextMask::NONE,
            columns: Vec::new(),
        };
        for field in fields {
            schema.add(field)?;
        }
        Ok(schema)
    }

    /// The same with one more field behind the others.
    pub fn with_field(&self, field: Field) -> Result<Self, SchemaError> {
        let mut schema = self.clone();
        schema.add(field)?;
        Ok(schema)
    }

    /// The schema with other options.
    pub fn with_options(&self, options: IndexOptions) -> Self {
        Schema { options, ..self.clone() }
    }

    fn add(&mut self, field: Field) -> Result<(), SchemaError> {
        if self.by_name.contains_key(&field.name) {
            return Err(SchemaError::DuplicateName(field.name));
        }
        if self.fields.len() >= FIELDS_MAX {
            return Err(SchemaError::TooManyFields);
        }
        let id = FieldId(self.fields.len() as u16);
        let bit = self.texts.len();
        if let FieldKind::Text(text) = &field.kind {
            if bit >= TEXT_FIELDS_MAX {
                return Err(SchemaError::TooManyTextFields);
            }
            self.texts.push(id);
            if text.phonetic {
                self.phonetic.0 |= 1 << bit;
            }
        }
        self.text_bits.push(bit.min(TEXT_FIELDS_MAX - 1) as u8);
        self.add_columns(id, &field);
        self.by_name.insert(field.name.clone(), id);
        self.by_path.entry(field.path.clone()).or_default().push(id);
        self.fields.push(field);
        Ok(())
    }

    fn add_columns(&mut self, id: FieldId, field: &Field) {
        if matches!(field.kind, FieldKind::Numeric | FieldKind::Geo) {
            self.columns.push(Column { field: id, kind: ColumnKind::Number });
        }
        if field.sortable.is_some() && !matches!(field.kind, FieldKind::Numeric) {
            self.columns.push(Column { field: id, kind: ColumnKind::Text });
        }
    }

    /// What holds for the index as a whole.
    pub fn options(&self) -> &IndexOptions {
        &self.options
    }

    /// All fields, in the order of their numbers.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of this number.
    pub fn get(&self, id: FieldId) -> Option<&Field> {
        self.fields.get(usize::from(id.0))
    }

    /// The number of the field that queries call `name`.
    pub fn id(&self, name: &[u8]) -> Option<FieldId> {
        self.by_name.get(name).copied()
    }

    /// The fields that take their values from the document's field `path`.
    pub fn ids_of_path(&self, path: &[u8]) -> &[FieldId] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    /// The bit of a text field.
    pub fn text_bit(&self, id: FieldId) -> Option<u8> {
        let is_text = matches!(self.get(id)?.kind, FieldKind::Text(_));
        is_text.then(|| self.text_bits[usize::from(id.0)])
    }

    /// How many text fields there are.
    pub fn text_fields(&self) -> usize {
        self.texts.len()
    }

    /// The set of the text fields of which the dictionary has an index of suffixes.
    pub fn suffix_mask(&self) -> TextMask {
        let mut mask = TextMask::NONE;
        for (bit, id) in self.texts.iter().enumerate() {
            if matches!(&self.fields[usize::from(id.0)].kind, FieldKind::Text(t) if t.suffix_index)
            {
                mask.0 |= 1 << bit;
            }
        }
        mask
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Which column holds this of a field.
    pub(crate) fn column(&self, field: FieldId, kind: ColumnKind) -> Option<usize> {
        self.columns.iter().position(|column| *column == Column { field, kind })
    }

    fn info(&self, id: FieldId) -> FieldInfo {
        let field = &self.fields[usize::from(id.0)];
        let mut kinds = FieldKinds::default();
        let mut info = FieldInfo {
            id,
            kinds,
            text_bit: self.text_bits[usize::from(id.0)],
            no_stem: false,
            phonetic: false,
            index_missing: field.index_missing,
            index_empty: field.index_empty,
            case_sensitive: false,
        };
        match &field.kind {
            FieldKind::Text(text) => {
                kinds.text = true;
                info.no_stem = text.no_stem;
                info.phonetic = text.phonetic;
            }
            FieldKind::Tag(tag) => {
                kinds.tag = true;
                info.case_sensitive = tag.case_sensitive;
            }
            FieldKind::Numeric => kinds.numeric = true,
            FieldKind::Geo => kinds.geo = true,
            FieldKind::Shape(_) => kinds.shape = true,
            FieldKind::Vector(_) => kinds.vector = true,
        }
        info.kinds = kinds;
        info
    }
}

impl Fields for Schema {
    fn field(&self, name: &[u8]) -> Option<FieldInfo> {
        Some(self.info(self.id(name)?))
    }

    fn name(&self, field: FieldId) -> &[u8] {
        self.get(field).map_or(b"", |field| &field.name)
    }

    fn text_name(&self, text_bit: u8) -> Option<&[u8]> {
        Some(self.name(*self.texts.get(usize::from(text_bit))?))
    }

    fn phonetic_fields(&self) -> TextMask {
        self.phonetic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name_and_path() {
        let mut other = Field::new("t", FieldKind::Tag(TagField::default()));
        other.name = b"u".to_vec();
        let fields = vec![
            Field::new("t", FieldKind::Text(TextField::default())),
            other.clone(),
            Field::new("n", FieldKind::Numeric).sortable(),
            Field::new("g", FieldKind::Geo).sortable(),
        ];
        let schema = Schema::new(IndexOptions::default(), fields).unwrap();
        assert_eq!(schema.ids_of_path(b"t"), [FieldId(0), FieldId(1)]);
        assert_eq!(schema.id(b"u"), Some(FieldId(1)));
        assert_eq!(schema.text_bit(FieldId(0)), Some(0));
        assert_eq!(schema.text_bit(FieldId(1)), None);
        assert_eq!(schema.columns().len(), 3);
        assert!(schema.field(b"u").unwrap().kinds.tag);
        let error = schema.with_field(other).unwrap_err();
        assert_eq!(error, SchemaError::DuplicateName(b"u".to_vec()));
    }

    #[test]
    fn there_are_bounds() {
        let field = |i: usize| Field::new(format!("f{i}"), FieldKind::Numeric);
        let fields = (0..=FIELDS_MAX).map(field).collect();
        let error = Schema::new(IndexOptions::default(), fields).unwrap_err();
        assert_eq!(error, SchemaError::TooManyFields);
        let field = |i: usize| Field::new(format!("f{i}"), FieldKind::Text(TextField::default()));
        let fields = (0..=TEXT_FIELDS_MAX).map(field).collect();
        let error = Schema::new(IndexOptions::default(), fields).unwrap_err();
        assert_eq!(error, SchemaError::TooManyTextFields);
    }
}
