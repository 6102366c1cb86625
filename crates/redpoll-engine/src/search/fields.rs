//! The fields that FT.CREATE and FT.ALTER name.

use super::arguments::{BadWord, Words};
use super::definition::DefinitionError;
use super::vector_fields;
use redpoll_search::schema::{CoordinateSystem, Field, FieldKind, Sortable, TagField, TextField};

/// Reads all fields up to the end.
pub(super) fn parse(words: &mut Words<'_>) -> Result<Vec<Field>, DefinitionError> {
    if words.is_empty() {
        return Err(DefinitionError::new("Fields arguments are missing"));
    }
    let mut fields = Vec::new();
    while !words.is_empty() {
        fields.push(field(words)?);
    }
    Ok(fields)
}

fn field(words: &mut Words<'_>) -> Result<Field, DefinitionError> {
    let path = words.next_word().unwrap_or_default();
    let name = match words.take("AS") {
        true => words.next_word().ok_or_else(|| DefinitionError::new("AS requires an argument"))?,
        false => path,
    };
    if name.is_empty() {
        return Err(DefinitionError::new("Field name cannot be empty"));
    }
    if name.contains(&0) || path.contains(&0) {
        let which = if name.contains(&0) { "name" } else { "path" };
        return Err(DefinitionError(format!("Field {which} cannot contain null bytes")));
    }
    let mut field = Field::new(name, FieldKind::Numeric);
    field.path = path.to_vec();
    let shown = || String::from_utf8_lossy(name).into_owned();
    let Some(kind) = words.next_word() else {
        return Err(DefinitionError(format!("Field `{}` does not have a type", shown())));
    };
    match kind.to_ascii_uppercase().as_slice() {
        b"TEXT" => text(&mut field, words)?,
        b"TAG" => tag(&mut field, words)?,
        b"NUMERIC" => field.index_missing = words.take("INDEXMISSING"),
        b"GEO" => {
            field.kind = FieldKind::Geo;
            field.index_missing = words.take("INDEXMISSING");
        }
        b"GEOSHAPE" => shape(&mut field, words),
        b"VECTOR" => {
            field.kind = FieldKind::Vector(vector_fields::parse(words)?);
            field.index_missing = words.take("INDEXMISSING");
            return Ok(field);
        }
        _ => return Err(DefinitionError(format!("Invalid field type for field `{}`", shown()))),
    }
    common(&mut field, words);
    if field.no_index && field.index_missing {
        return Err(DefinitionError(format!(
            "'Field cannot be defined with both `NOINDEX` and `INDEXMISSING` `{}` '",
            shown()
        )));
    }
    Ok(field)
}

/// What any field but one of vectors may have.
fn common(field: &mut Field, words: &mut Words<'_>) {
    loop {
        if words.take("SORTABLE") {
            let as_it_is = match &field.kind {
                FieldKind::Tag(tag) => tag.case_sensitive,
                kind => *kind == FieldKind::Numeric,
            };
            let unnormalized = words.take("UNF") || as_it_is;
            field.sortable = Some(Sortable { unnormalized });
        } else if words.take("NOINDEX") {
            field.no_index = true;
        } else {
            return;
        }
    }
}

fn text(field: &mut Field, words: &mut Words<'_>) -> Result<(), DefinitionError> {
    let mut text = TextField::default();
    loop {
        if words.take("NOSTEM") {
            text.no_stem = true;
        } else if words.take("WEIGHT") {
            let weight: Result<f64, _> = words.number();
            text.weight = weight.map_err(|bad| DefinitionError::argument("weight", bad))?;
        } else if words.take("PHONETIC") {
            let matcher = words
                .next_word()
                .ok_or_else(|| DefinitionError::new("PHONETIC requires an argument"))?;
            if !matches!(matcher, b"dm:en" | b"dm:fr" | b"dm:pt" | b"dm:es") {
                return Err(DefinitionError::new(
                    "Matcher Format: <2 chars algorithm>:<2 chars language>. Support algorithms: \
                     double metaphone (dm). Supported languages: English (en), French (fr), \
                     Portuguese (pt) and Spanish (es)",
                ));
            }
            text.phonetic = true;
        } else if words.take("WITHSUFFIXTRIE") {
            text.suffix_index = true;
        } else if !indexes_nothing(field, words) {
            break;
        }
    }
    field.kind = FieldKind::Text(text);
    Ok(())
}

/// What texts and tags have in common: whether empty values and missing ones can be found. Answers
/// whether one of these was said.
fn indexes_nothing(field: &mut Field, words: &mut Words<'_>) -> bool {
    if words.take("INDEXEMPTY") {
        field.index_empty = true;
    } else if words.take("INDEXMISSING") {
        field.index_missing = true;
    } else {
        return false;
    }
    true
}

fn tag(field: &mut Field, words: &mut Words<'_>) -> Result<(), DefinitionError> {
    let mut tag = TagField::default();
    loop {
        if words.take("SEPARATOR") {
            let separator = words
                .next_word()
                .ok_or_else(|| DefinitionError::new("SEPARATOR requires an argument"))?;
            let [byte] = separator else {
                let shown = String::from_utf8_lossy(separator).into_owned();
                return Err(DefinitionError(format!(
                    "Tag separator must be a single character. Got `{shown}`"
                )));
            };
            tag.separator = *byte;
        } else if words.take("CASESENSITIVE") {
            tag.case_sensitive = true;
        } else if words.take("WITHSUFFIXTRIE") {
            tag.suffix_index = true;
        } else if !indexes_nothing(field, words) {
            break;
        }
    }
    field.kind = FieldKind::Tag(tag);
    Ok(())
}

fn shape(field: &mut Field, words: &mut Words<'_>) {
    let mut system = CoordinateSystem::default();
    loop {
        if words.take("FLAT") {
            system = CoordinateSystem::Flat;
        } else if words.take("SPHERICAL") {
            system = CoordinateSystem::Spherical;
        } else if words.take("INDEXMISSING") {
            field.index_missing = true;
        } else {
            break;
        }
    }
    field.kind = FieldKind::Shape(system);
}

/// A parameter's bad value.
pub(super) fn bad(of: &str, what: BadWord) -> DefinitionError {
    DefinitionError::argument(of, what)
}
