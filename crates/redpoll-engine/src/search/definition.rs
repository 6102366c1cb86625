//! What FT.CREATE says of an index.

use super::Name;
use super::arguments::{BadWord, Words};
use super::fields;
use redpoll_search::analysis::{Language, StopWords};
use redpoll_search::expression::Expression;
use redpoll_search::schema::{IndexOptions, Schema, SchemaError};
use std::fmt;
use std::sync::Arc;

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
    /// The fields that it looks at, by column.
    pub fields: Vec<Vec<u8>>,
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
        let fields = fields::parse(&mut words)?;
        let Parsing { options, filter } = parsing;
        Ok(Definition { name, schema: Schema::new(options, fields)?, filter, words: all })
    }
}

/// Options that have been read so far.
#[derive(Default)]
struct Parsing {
    options: IndexOptions,
    filter: Option<Filter>,
}

impl Parsing {
    fn option(&mut self, words: &mut Words<'_>) -> Result<(), DefinitionError> {
        let options = &mut self.options;
        let word = words.next_word().unwrap_or_default().to_ascii_uppercase();
        match word.as_slice() {
            b"ON" => return on(words),
            b"PREFIX" => {
                let prefixes =
                    words.counted().map_err(|bad| DefinitionError::argument("PREFIX", bad))?;
                options.prefixes = prefixes.rest().iter().map(|prefix| prefix.to_vec()).collect();
            }
            b"FILTER" => {
                let text = argument(words, "FILTER")?;
                self.filter = Some(Filter::parse(text)?);
                options.filter = Some(text.to_vec());
            }
            b"LANGUAGE" => {
                let name = argument(words, "LANGUAGE")?;
                options.language = Language::from_name(name)
                    .ok_or_else(|| DefinitionError::new("Invalid language"))?;
            }
            b"LANGUAGE_FIELD" => options.language_field = Some(field(words, "LANGUAGE_FIELD")?),
            b"SCORE" => {
                let score: f64 =
                    words.number().map_err(|bad| DefinitionError::argument("SCORE", bad))?;
                if !(0.0..=1.0).contains(&score) {
                    return Err(DefinitionError::new("Invalid score"));
                }
                options.score = score;
            }
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
                let word = String::from_utf8_lossy(&word).into_owned();
                return Err(DefinitionError(format!("Unknown argument `{word}`")));
            }
        }
        Ok(())
    }
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
    /// The filter of this text.
    ///
    /// # Errors
    /// If it cannot be.
    pub fn parse(text: &[u8]) -> Result<Self, DefinitionError> {
        let mut fields: Vec<Vec<u8>> = Vec::new();
        let mut column = |name: &[u8]| {
            let known = fields.iter().position(|known| known == name);
            Some(known.unwrap_or_else(|| {
                fields.push(name.to_vec());
                fields.len() - 1
            }))
        };
        let expression = Expression::parse(text, &mut column);
        let expression = expression.map_err(|error| DefinitionError(error.to_string()))?;
        Ok(Filter { expression, fields })
    }
}
