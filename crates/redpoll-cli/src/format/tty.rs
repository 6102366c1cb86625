//! The form for people: types named, elements numbered, nested replies indented under their
//! number.
//!
//! A reply is written without a line end behind it; the parts of an aggregate are joined by line
//! ends. That lets a map put its value behind its key on one line.

use redpoll_client::Value;

use super::paint::{Paint, Role};
use crate::words;

/// Appends the reply. Nesting is bounded by the decoder, and so is the recursion here.
pub fn write(out: &mut Vec<u8>, reply: &Value, paint: Paint) {
    Writer { out, paint }.value(reply, 0);
}

/// The line for a client-side-caching push: `-> invalidate: 'a', 'b'`. `None` for other pushes.
pub fn invalidation(push: &Value) -> Option<Vec<u8>> {
    let Value::Push(items) = push else { return None };
    let [kind, Value::Array(keys)] = items.as_slice() else { return None };
    if kind.as_bytes() != Some(b"invalidate") {
        return None;
    }
    let mut line = b"-> invalidate: ".to_vec();
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            line.extend_from_slice(b", ");
        }
        line.push(b'\'');
        line.extend_from_slice(key.as_bytes().unwrap_or_default());
        line.push(b'\'');
    }
    line.push(b'\n');
    Some(line)
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    paint: Paint,
}

impl Writer<'_> {
    /// Writes a value whose first line begins behind `indent` columns.
    fn value(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.put(Role::Faint, b"(nil)"),
            Value::Status(text) => self.out.extend_from_slice(text),
            Value::Error(text) => self.put(Role::Error, &[b"(error) ", text.as_slice()].concat()),
            Value::Bulk(text) => self.put(Role::Text, words::quoted(text).as_bytes()),
            Value::Verbatim { text, .. } => self.out.extend_from_slice(text),
            Value::Integer(number) => self.tagged(b"(integer) ", number.to_string().as_bytes()),
            Value::Double(double) => self.tagged(b"(double) ", double.text.as_bytes()),
            Value::BigNumber(digits) => self.tagged(b"(big number) ", digits),
            Value::Boolean(true) => self.put(Role::Number, b"(true)"),
            Value::Boolean(false) => self.put(Role::Number, b"(false)"),
            Value::Array(items) => self.items(items, ')', "(empty array)", indent),
            Value::Set(items) => self.items(items, '~', "(empty set)", indent),
            Value::Push(items) => self.items(items, ')', "(empty push)", indent),
            Value::Map(pairs) => self.pairs(pairs, '#', indent),
            Value::Attributed { attributes, value } => {
                if !attributes.is_empty() {
                    self.pairs(attributes, '|', indent);
                    self.line(indent);
                }
                self.value(value, indent);
            }
        }
    }

    fn items(&mut self, items: &[Value], mark: char, empty: &str, indent: usize) {
        if items.is_empty() {
            return self.put(Role::Faint, empty.as_bytes());
        }
        let width = digits(items.len());
        for (index, item) in items.iter().enumerate() {
            self.number(index, width, mark, indent);
            self.value(item, indent + width + 2);
        }
    }

    fn pairs(&mut self, pairs: &[(Value, Value)], mark: char, indent: usize) {
        if pairs.is_empty() {
            return self.put(Role::Faint, b"(empty hash)");
        }
        let width = digits(pairs.len());
        let inner = indent + width + 2;
        for (index, (key, value)) in pairs.iter().enumerate() {
            self.number(index, width, mark, indent);
            self.value(key, inner);
            self.put(Role::Faint, b" => ");
            if is_multiline(value) {
                self.line(inner);
            }
            self.value(value, inner);
        }
    }

    /// The number of an element; the first one stands where its parent already is.
    fn number(&mut self, index: usize, width: usize, mark: char, indent: usize) {
        if index > 0 {
            self.line(indent);
        }
        self.put(Role::Faint, format!("{:>width$}{mark} ", index + 1).as_bytes());
    }

    fn line(&mut self, indent: usize) {
        self.out.push(b'\n');
        self.out.resize(self.out.len() + indent, b' ');
    }

    fn tagged(&mut self, tag: &[u8], text: &[u8]) {
        self.put(Role::Faint, tag);
        self.put(Role::Number, text);
    }

    fn put(&mut self, role: Role, text: &[u8]) {
        self.paint.write(self.out, role, text);
    }
}

fn digits(count: usize) -> usize {
    count.to_string().len()
}

/// Whether a value takes more than one line. An aggregate of one element is as its element.
fn is_multiline(value: &Value) -> bool {
    match value {
        Value::Array(items) | Value::Set(items) | Value::Push(items) => match items.as_slice() {
            [] => false,
            [only] => is_multiline(only),
            _ => true,
        },
        Value::Map(pairs) => match pairs.as_slice() {
            [] => false,
            [(_, only)] => is_multiline(only),
            _ => true,
        },
        Value::Attributed { attributes, value } => !attributes.is_empty() || is_multiline(value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.as_bytes().to_vec())
    }

    fn shown(value: &Value) -> String {
        let mut out = Vec::new();
        write(&mut out, value, Paint::PLAIN);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nested_replies_are_indented_under_their_number() {
        let mut items: Vec<Value> = (0..9).map(Value::Integer).collect();
        items.push(Value::Array(vec![bulk("a"), Value::Array(Vec::new()), Value::Null]));
        let text = shown(&Value::Array(items));
        let tail: Vec<&str> = text.lines().skip(8).collect();
        assert_eq!(
            tail,
            [" 9) (integer) 8", "10) 1) \"a\"", "    2) (empty array)", "    3) (nil)"]
        );
    }

    #[test]
    fn a_map_breaks_the_line_before_long_values() {
        let long = Value::Set(vec![bulk("x"), bulk("y")]);
        let map = Value::Map(vec![(bulk("k"), Value::Integer(1)), (bulk("l"), long)]);
        assert_eq!(shown(&map), "1# \"k\" => (integer) 1\n2# \"l\" => \n   1~ \"x\"\n   2~ \"y\"");
    }

    #[test]
    fn colours_wrap_text_and_change_nothing_else() {
        let value = Value::Array(vec![bulk("a"), Value::Error(b"ERR b".to_vec())]);
        let mut out = Vec::new();
        write(&mut out, &value, Paint::ALWAYS);
        let coloured = String::from_utf8(out).unwrap();
        assert!(coloured.contains("\x1b[31m(error) ERR b\x1b[0m"), "{coloured:?}");
        let mut plain = coloured;
        for code in ["\x1b[90m", "\x1b[31m", "\x1b[32m", "\x1b[0m"] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, shown(&value));
    }

    #[test]
    fn invalidated_keys_get_their_line() {
        let push = Value::Push(vec![bulk("invalidate"), Value::Array(vec![bulk("a"), bulk("b")])]);
        assert_eq!(invalidation(&push).unwrap(), b"-> invalidate: 'a', 'b'\n");
        assert_eq!(invalidation(&Value::Push(vec![bulk("message")])), None);
    }
}
