//! Functions of texts.

use super::{EvaluationError, Value, number_argument, text_argument};

/// No text that a function makes is longer.
const MAX_BYTES: usize = 64 << 20;

/// No text is split in more parts.
const MAX_PARTS: usize = 1024;

/// `lower(text)`. What is no text becomes null.
pub(super) fn lower(values: &[Value]) -> Result<Value, EvaluationError> {
    Ok(values[0].as_text().map_or(Value::Null, |text| Value::text(text.to_ascii_lowercase())))
}

/// `upper(text)`
pub(super) fn upper(values: &[Value]) -> Result<Value, EvaluationError> {
    Ok(values[0].as_text().map_or(Value::Null, |text| Value::text(text.to_ascii_uppercase())))
}

/// `substr(text, offset, count)`. A negative offset counts from the end; a negative count leaves
/// out so many at the end.
pub(super) fn substr(values: &[Value]) -> Result<Value, EvaluationError> {
    let offset = number_argument("substr", values, 1)? as i64;
    let count = number_argument("substr", values, 2)? as i64;
    let text = text_argument("substr", values, 0)?;
    let length = text.len() as i64;
    let offset = if offset < 0 { length.saturating_add(offset) } else { offset }.clamp(0, length);
    let left = length - offset;
    let count = if count < 0 { left.saturating_add(count) } else { count }.clamp(0, left);
    Ok(Value::text(&text[offset as usize..(offset + count) as usize]))
}

/// `format(template, value…)`, with `%s` for each value.
pub(super) fn format(values: &[Value]) -> Result<Value, EvaluationError> {
    let template = text_argument("format", values, 0)?;
    let mut arguments = values[1..].iter();
    let mut out = Vec::with_capacity(template.len());
    let mut bytes = template.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            None => return Err(EvaluationError::Format("Bad format string!")),
            Some(b'%') => out.push(b'%'),
            Some(kind) => {
                let not_enough = EvaluationError::Format("Not enough arguments for format");
                let argument = arguments.next().ok_or(not_enough)?;
                if *kind != b's' {
                    return Err(EvaluationError::Format("Unknown format specifier passed"));
                }
                match argument {
                    Value::Null => out.extend_from_slice(b"(null)"),
                    value => out.extend_from_slice(&value.to_text()),
                }
            }
        }
        if out.len() > MAX_BYTES {
            return Err(EvaluationError::TooLong);
        }
    }
    Ok(Value::text(out))
}

/// `split(text, separators, strip)`: the parts between separators, without what is to be stripped.
pub(super) fn split(values: &[Value]) -> Result<Value, EvaluationError> {
    let text = text_argument("split", values, 0)?;
    let set = |argument: usize, default: &'static [u8]| match values.len() > argument {
        true => text_argument("split", values, argument),
        false => Ok(default),
    };
    let (separators, strip) = (set(1, b",")?, set(2, b" ")?);
    let parts = text
        .split(|byte| separators.contains(byte))
        .map(|part| stripped(part, strip))
        .filter(|part| !part.is_empty())
        .take(MAX_PARTS);
    Ok(Value::Array(parts.map(Value::text).collect()))
}

fn stripped<'a>(mut text: &'a [u8], set: &[u8]) -> &'a [u8] {
    while let [first, rest @ ..] = text
        && set.contains(first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && set.contains(last)
    {
        text = rest;
    }
    text
}

/// `startswith(text, start)`
pub(super) fn starts_with(values: &[Value]) -> Result<Value, EvaluationError> {
    let text = text_argument("startswith", values, 0)?;
    let start = text_argument("startswith", values, 1)?;
    Ok(Value::truth(text.starts_with(start)))
}

/// `contains(text, part)`: how often. The empty part is everywhere.
pub(super) fn contains(values: &[Value]) -> Result<Value, EvaluationError> {
    let text = text_argument("contains", values, 0)?;
    let part = text_argument("contains", values, 1)?;
    let count = match part.is_empty() {
        true => text.len() + 1,
        false => occurrences(text, part),
    };
    Ok(Value::Number(count as f64))
}

/// How often `part` begins in `text`, overlaps counted, in linear time whatever the two are.
fn occurrences(text: &[u8], part: &[u8]) -> usize {
    // borders[i]: how long a beginning of `part` its first i + 1 bytes end with.
    let mut borders = vec![0; part.len()];
    let advance = |mut matched: usize, byte: u8, borders: &[usize]| {
        while matched > 0 && part.get(matched) != Some(&byte) {
            matched = borders[matched - 1];
        }
        matched + usize::from(part.get(matched) == Some(&byte))
    };
    for at in 1..part.len() {
        borders[at] = advance(borders[at - 1], part[at], &borders);
    }
    let (mut matched, mut count) = (0, 0);
    for &byte in text {
        matched = advance(matched, byte, &borders);
        count += usize::from(matched == part.len());
    }
    count
}

/// `strlen(text)`, in bytes.
pub(super) fn length(values: &[Value]) -> Result<Value, EvaluationError> {
    Ok(Value::Number(text_argument("strlen", values, 0)?.len() as f64))
}

/// `to_number(text)`
pub(super) fn to_number(values: &[Value]) -> Result<Value, EvaluationError> {
    let value = &values[0];
    let number =
        value.number().ok_or_else(|| EvaluationError::NoNumber(value.to_text().to_vec()))?;
    Ok(Value::Number(number))
}

/// `to_str(value)`
pub(super) fn to_text(values: &[Value]) -> Result<Value, EvaluationError> {
    Ok(Value::Text(values[0].to_text()))
}
