//! Comma-separated values: a reply is one row, whatever its nesting.

use redpoll_client::Value;

use crate::words;

/// Appends the reply as one row without a line end.
pub fn write(out: &mut Vec<u8>, reply: &Value) {
    match reply {
        Value::Null => out.extend_from_slice(b"NULL"),
        Value::Error(text) => {
            out.extend_from_slice(b"ERROR,");
            words::quote(out, text);
        }
        Value::Status(text) | Value::Bulk(text) | Value::Verbatim { text, .. } => {
            words::quote(out, text);
        }
        Value::BigNumber(digits) => out.extend_from_slice(digits),
        Value::Boolean(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
        Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Double(double) => out.extend_from_slice(double.text.as_bytes()),
        Value::Array(items) | Value::Set(items) | Value::Push(items) => {
            row(out, items.iter());
        }
        Value::Map(pairs) => row(out, pairs.iter().flat_map(|(key, value)| [key, value])),
        Value::Attributed { value, .. } => write(out, value),
    }
}

fn row<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a Value>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_flattened() {
        let pair = (Value::Bulk(b"k\"".to_vec()), Value::Array(vec![Value::Null]));
        let reply = Value::Array(vec![
            Value::Map(vec![pair]),
            Value::Boolean(false),
            Value::Error(b"ERR x".to_vec()),
        ]);
        let mut out = Vec::new();
        write(&mut out, &reply);
        assert_eq!(out, br#""k\"",NULL,false,ERROR,"ERR x""#);
    }
}
