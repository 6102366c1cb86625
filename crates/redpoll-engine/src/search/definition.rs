//! What FT.CREATE says of an index.

use super::Name;
use super::arguments::{BadWord, Words};
use super::fields;
use redpoll_search::analysis::{Language, StopWords};
use redpoll_search::expression::Expression;
use redpoll_search::schema::{IndexOptions, Schema, SchemaError};
use std::fmt;
use std::sync::Arc;

/// No index has more prefixes.
const PREFIXES_MAX: usize = 1_000_000;

/// An index that is to be.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its name.
    pub name: Name,
    /// Its fields and options.
    pub schema: Schema,
    /// Which hashes belong to it, beyond their names.
    pub filter: Option<Filter>,
    /// The words that say all this, the name first.
    pub words: Vec<Box<[u8]>>,
}

/// An expression over the fields of a hash.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The expression.
    pub expression: Expression,
    /// What it looks at, by column.
    pub columns: Vec<FilterColumn>,
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterColumn {
    /// The hash's key: `@__key`.
    Key,
    /// A field of the hash.
    Field(Vec<u8>),
}

/// Why an index cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionError(pub String);

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DefinitionError {}

impl DefinitionError {
    /// What is wrong.
    pub fn new(text: impl Into<String>) -> Self {
        DefinitionError(text.into())
    }

    /// An argument that is bad.
    pub(super) fn argument(of: &str, what: BadWord) -> Self {
        DefinitionError(format!("Bad arguments for {of}: {}", what.text()))
    }
}

impl From<SchemaError> for DefinitionError {
    fn from(error: SchemaError) -> Self {
        use redpoll_search::schema::{FIELDS_MAX, TEXT_FIELDS_MAX};
        DefinitionError(match error {
            SchemaError::DuplicateName(name) => {
                format!("Duplicate field in schema - {}", String::from_utf8_lossy(&name))
            }
            SchemaError::TooManyFields => format!("Schema is limited to {FIELDS_MAX} fields"),
            SchemaError::TooManyTextFields => {
                format!("Schema is limited to {TEXT_FIELDS_MAX} TEXT fields")
            }
        })
    }
}

impl Definition {
    /// Reads what follows FT.CREATE: the index's name and what it is to be.
    ///
    /// # Errors
    /// If it cannot be.
    pub fn parse(words: &[&[u8]]) -> Result<Self, DefinitionError> {
        let all = words.iter().map(|word| Box::from(*word)).collect();
        let mut words = Words::new(words.iter().copied());
        let name = words.next_word().unwrap_or_default().into();
        let mut parsing = Parsing::default();
        while !words.take("SCHEMA") {
            if words.is_empty() {
                return Err(DefinitionError::new("No schema found"));
            }
            parsing.option(&mut words)?;
        }
        let Parsing { options } = parsing;
        if options.max_text_fields && options.no_fields {
            return Err(DefinitionError::new("MAXTEXTFIELDS cannot be used with NOFIELDS"));
        }
        let schema = Schema::new(options, fields::parse(&mut words)?)?;
        let path = |name: &[u8]| Some(schema.get(schema.id(name)?)?.path.clone());
        let filter = schema.options().filter.as_deref().map(|text| Filter::parse(text, path));
        let filter = filter.transpose()?;
        Ok(Definition { name, schema, filter, words: all })
    }
}

/// Options that have been read so far.
#[derive(Default)]
struct Parsing {
    options: IndexOptions,
}

impl Parsing {
    fn option(&mut self, words: &mut Words<'_>) -> Result<(), DefinitionError> {
        let options = &mut self.options;
        let word = words.next_word().unwrap_or_default();
        match word.to_ascii_uppercase().as_slice() {
            b"ON" => return on(words),
            b"PREFIX" => {
                let prefixes =
                    words.counted().map_err(|bad| DefinitionError::argument("PREFIX", bad))?;
                if prefixes.len() > PREFIXES_MAX {
                    return Err(DefinitionError(format!(
                        "Number of prefixes ({}) exceeds maximum allowed ({PREFIXES_MAX})",
                        prefixes.len()
                    )));
                }
                options.prefixes = prefixes.rest().iter().map(|prefix| prefix.to_vec()).collect();
            }
            b"FILTER" => {
                let text = argument(words, "FILTER")?;
                // What it looks at is known when the fields are.
                Filter::parse(text, |_| None)?;
                options.filter = Some(text.to_vec());
            }
            b"LANGUAGE" => {
                let name = argument(words, "LANGUAGE")?;
                options.language = Language::from_name(name)
                    .ok_or_else(|| DefinitionError::new("Invalid language"))?;
            }
            b"LANGUAGE_FIELD" => options.language_field = Some(field(words, "LANGUAGE_FIELD")?),
            b"SCORE" => options.score = score(words)?,
            b"SCORE_FIELD" => options.score_field = Some(field(words, "SCORE_FIELD")?),
            b"PAYLOAD_FIELD" => options.payload_field = Some(field(words, "PAYLOAD_FIELD")?),
            b"TEMPORARY" => {
                let seconds =
                    words.number().map_err(|bad| DefinitionError::argument("TEMPORARY", bad))?;
                options.temporary_s = Some(seconds);
            }
            b"STOPWORDS" => {
                let list =
                    words.counted().map_err(|bad| DefinitionError::argument("STOPWORDS", bad))?;
                let list = list.rest().iter().take(StopWords::LIMIT).map(|word| word.to_vec());
                options.stop_words = Arc::new(StopWords::new(list));
            }
            b"NOOFFSETS" => (options.no_offsets, options.no_highlight) = (true, true),
            b"NOHL" => options.no_highlight = true,
            b"NOFIELDS" => options.no_fields = true,
            b"NOFREQS" => options.no_frequencies = true,
            b"MAXTEXTFIELDS" => options.max_text_fields = true,
            b"SKIPINITIALSCAN" => options.skip_initial_scan = true,
            b"INDEXALL" => {
                options.index_all = match argument(words, "INDEXALL")? {
                    word if word.eq_ignore_ascii_case(b"ENABLE") => true,
                    word if word.eq_ignore_ascii_case(b"DISABLE") => false,
                    _ => {
                        let bad = "Invalid argument for `INDEXALL`, use ENABLE/DISABLE";
                        return Err(DefinitionError::new(bad));
                    }
                };
            }
            _ => {
                let word = String::from_utf8_lossy(word).into_owned();
                return Err(DefinitionError(format!("Unknown argument `{word}`")));
            }
        }
        Ok(())
    }
}

/// A document's score.
fn score(words: &mut Words<'_>) -> Result<f64, DefinitionError> {
    let word = argument(words, "SCORE")?;
    let score = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    let score = score.filter(|score| (0.0..=1.0).contains(score));
    score.ok_or_else(|| DefinitionError::new("Invalid score"))
}

/// Only hashes are indexed.
fn on(words: &mut Words<'_>) -> Result<(), DefinitionError> {
    let what = argument(words, "ON")?;
    match what.eq_ignore_ascii_case(b"HASH") {
        true => Ok(()),
        false => {
            let what = String::from_utf8_lossy(what).into_owned();
            Err(DefinitionError(format!("Invalid rule type: {what}")))
        }
    }
}

fn argument<'a>(words: &mut Words<'a>, of: &str) -> Result<&'a [u8], DefinitionError> {
    words.next_word().ok_or_else(|| DefinitionError::argument(of, BadWord::Missing))
}

/// A field's name, which may have a sigil.
fn field(words: &mut Words<'_>, of: &str) -> Result<Vec<u8>, DefinitionError> {
    let name = argument(words, of)?;
    Ok(name.strip_prefix(b"@").unwrap_or(name).to_vec())
}

impl Filter {
    /// The filter of this text. `path` tells which field of a hash the index calls by a name;
    /// other names are those of hashes themselves.
    ///
    /// # Errors
    /// If it cannot be.
    pub fn parse(
        text: &[u8],
        path: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<Self, DefinitionError> {
        let mut columns: Vec<FilterColumn> = Vec::new();
        let mut column = |name: &[u8]| {
            let wanted = match name {
                b"__key" => FilterColumn::Key,
                name => FilterColumn::Field(path(name).unwrap_or_else(|| name.to_vec())),
            };
            let known = columns.iter().position(|known| *known == wanted);
            Some(known.unwrap_or_else(|| {
                columns.push(wanted);
                columns.len() - 1
            }))
        };
        let expression = Expression::parse(text, &mut column);
        let expression = expression.map_err(|error| DefinitionError(error.to_string()))?;
        Ok(Filter { expression, columns })
    }
}
