//! JSON. Two ways with strings: as they are (the bytes are taken to be UTF-8), or with everything
//! but printable ASCII escaped a second time, so that binary data survives.
//!
//! Where existing scripts could read redis-cli's text, the text is the same; where it is not JSON
//! (`inf` and `nan` as bare words) a string is written instead.

use redpoll_client::Value;

use crate::words;

/// Appends the reply as one line without its end.
pub fn write(out: &mut Vec<u8>, reply: &Value, quoted: bool) {
    match reply {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Error(text) => {
            out.extend_from_slice(b"error:");
            string(out, text, quoted);
        }
        Value::Status(text) | Value::Bulk(text) | Value::Verbatim { text, .. } => {
            string(out, text, quoted);
        }
        Value::BigNumber(digits) => {
            out.extend_from_slice(digits.strip_prefix(b"+").unwrap_or(digits));
        }
        Value::Boolean(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
        Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Double(double) if double.number.is_finite() => {
            out.extend_from_slice(double.text.as_bytes());
        }
        Value::Double(double) => string(out, double.text.as_bytes(), quoted),
        Value::Array(items) | Value::Set(items) | Value::Push(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(out, item, quoted);
            }
            out.push(b']');
        }
        Value::Map(pairs) => object(out, pairs, quoted),
        Value::Attributed { value, .. } => write(out, value, quoted),
    }
}

fn object(out: &mut Vec<u8>, pairs: &[(Value, Value)], quoted: bool) {
    out.push(b'{');
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let mut name = Vec::new();
        write(&mut name, key, quoted);
        // Names must be strings; numbers and the like become ones.
        if matches!(name.first(), Some(b'"')) || key.is_error() {
            out.extend_from_slice(&name);
        } else {
            out.push(b'"');
            out.extend_from_slice(&name);
            out.push(b'"');
        }
        out.push(b':');
        write(out, value, quoted);
    }
    out.push(b'}');
}

fn string(out: &mut Vec<u8>, text: &[u8], quoted: bool) {
    if quoted {
        for byte in words::quoted(text).bytes() {
            if byte == b'\\' {
                out.push(b'\\');
            }
            out.push(byte);
        }
        return;
    }
    out.push(b'"');
    for &byte in text {
        match byte {
            b'\\' | b'"' => out.extend([b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use redpoll_client::Double;

    fn json(value: &Value, quoted: bool) -> String {
        let mut out = Vec::new();
        write(&mut out, value, quoted);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn maps_have_string_names() {
        let map = Value::Map(vec![
            (Value::Bulk(b"a".to_vec()), Value::Set(vec![Value::Integer(1), Value::Null])),
            (Value::Integer(2), Value::Boolean(true)),
        ]);
        assert_eq!(json(&map, false), r#"{"a":[1,null],"2":true}"#);
    }

    #[test]
    fn strings_are_escaped_once_or_twice() {
        let text = Value::Bulk("é\u{1}\n".as_bytes().to_vec());
        assert_eq!(json(&text, false), "\"é\\u0001\\n\"");
        assert_eq!(json(&text, true), r#""\\xc3\\xa9\\x01\\n""#);
    }

    #[test]
    fn infinity_stays_valid_json() {
        let infinite = Value::Double(Double { number: f64::INFINITY, text: "inf".into() });
        assert_eq!(json(&infinite, false), "\"inf\"");
    }
}
