//! The form for pipes: only the data, the elements of a reply one below the other.

use redpoll_client::Value;

/// Appends the reply, without a line end, except behind errors, which always end their line.
pub fn write(out: &mut Vec<u8>, reply: &Value, delimiter: &[u8]) {
    match reply {
        Value::Null => {}
        Value::Error(text) => {
            out.extend_from_slice(text);
            out.push(b'\n');
        }
        Value::Status(text)
        | Value::Bulk(text)
        | Value::BigNumber(text)
        | Value::Verbatim { text, .. } => out.extend_from_slice(text),
        Value::Boolean(true) => out.extend_from_slice(b"(true)"),
        Value::Boolean(false) => out.extend_from_slice(b"(false)"),
        Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Double(double) => out.extend_from_slice(double.text.as_bytes()),
        Value::Array(items) | Value::Set(items) | Value::Push(items) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(delimiter);
                }
                write(out, item, delimiter);
            }
        }
        Value::Map(pairs) => {
            for (index, (key, value)) in pairs.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(delimiter);
                }
                write(out, key, delimiter);
                out.push(b' ');
                write(out, value, delimiter);
            }
        }
        Value::Attributed { value, .. } => write(out, value, delimiter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_only() {
        let reply = Value::Array(vec![
            Value::Bulk(b"a\0".to_vec()),
            Value::Null,
            Value::Map(vec![(Value::Integer(1), Value::Boolean(true))]),
            Value::Error(b"ERR e".to_vec()),
        ]);
        let mut out = Vec::new();
        write(&mut out, &reply, b", ");
        assert_eq!(out, b"a\0, , 1 (true), ERR e\n");
    }
}
