//! From a hash to the document that an index holds of it.

use super::index::SearchIndex;
use redpoll_search::analysis::Language;
use redpoll_search::expression::{Row, Value};
use redpoll_search::{Document, DocumentError};
use redpoll_types::hash::Hash;

impl SearchIndex {
    /// Takes over what a key holds now. The key's stripe is locked.
    pub(super) fn follow(&self, key: &[u8], hash: Option<&Hash>, now: i64) {
        if !self.wants(key) {
            return;
        }
        let now = u64::try_from(now).unwrap_or(0);
        match hash.filter(|hash| self.accepts(hash, now)) {
            Some(hash) => self.put(key, hash, now),
            None => {
                self.index.delete(key);
            }
        }
    }

    /// Whether keys of this name belong to the index.
    pub fn wants(&self, key: &[u8]) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| key.starts_with(prefix))
    }

    fn accepts(&self, hash: &Hash, now: u64) -> bool {
        self.filter.as_ref().is_none_or(|filter| {
            filter.expression.accepts(&HashRow { hash, now, fields: &filter.fields })
        })
    }

    fn put(&self, key: &[u8], hash: &Hash, now: u64) {
        let schema = self.index.schema();
        let options = schema.options();
        let mut fields = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            if !fields.iter().any(|(path, _): &(&[u8], Vec<u8>)| *path == field.path)
                && let Some(value) = hash.get(&field.path, now)
            {
                fields.push((field.path.as_slice(), value.to_vec()));
            }
        }
        let special = |name: &Option<Vec<u8>>| {
            let value = hash.get(name.as_ref()?, now)?;
            Some(value.to_vec())
        };
        let score = special(&options.score_field);
        let score = score.and_then(|score| std::str::from_utf8(&score).ok()?.parse().ok());
        let language = special(&options.language_field);
        let payload = special(&options.payload_field);
        let fields: Vec<(&[u8], &[u8])> =
            fields.iter().map(|(path, value)| (*path, value.as_slice())).collect();
        let document = Document {
            key,
            fields: &fields,
            language: language.and_then(|name| Language::from_name(&name)),
            score: score.filter(|score: &f64| score.is_finite()),
            payload: payload.as_deref(),
        };
        if let Err(error) = self.index.put(&document) {
            self.note_failure(key, &self.failure(&error));
        }
    }

    /// What FT.INFO says of a document that could not be indexed.
    fn failure(&self, error: &DocumentError) -> String {
        let schema = self.index.schema();
        let name = |field| {
            let name = schema.get(field).map_or(&b""[..], |field| &field.name);
            String::from_utf8_lossy(name).into_owned()
        };
        let text =
            |value: &[u8]| String::from_utf8_lossy(&value[..value.len().min(64)]).into_owned();
        match error {
            DocumentError::Number(_, value) => {
                format!("Invalid numeric value: '{}'", text(value))
            }
            DocumentError::Geo(..) => {
                "Invalid lon/lat format. Use \"lon lat\" or \"lon,lat\"".to_owned()
            }
            DocumentError::TooLarge => "Document is too large to be indexed".to_owned(),
            DocumentError::Shape(field, value) => {
                format!("Invalid shape in field {}: '{}'", name(*field), text(value))
            }
            DocumentError::VectorSize { field, bytes, expected } => format!(
                "Could not add vector with blob size {bytes} (expected size {expected}) to \
                 field {}",
                name(*field)
            ),
        }
    }
}

/// A hash as a row of a filter.
struct HashRow<'a> {
    hash: &'a Hash,
    now: u64,
    fields: &'a [Vec<u8>],
}

impl Row for HashRow<'_> {
    fn value(&self, column: usize) -> Option<Value> {
        let value = self.hash.get(self.fields.get(column)?, self.now)?;
        Some(Value::text(value.to_vec()))
    }
}
