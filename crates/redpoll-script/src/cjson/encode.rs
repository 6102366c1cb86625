//! Lua values as JSON.

use super::{DEPTH_MAX, Invalid, Options};
use crate::number::{general, write_integer};
use crate::stack::{Item, Problem, Stack};

/// Values on the stack for each level.
const ROOM: i32 = 5;

type Result<T = ()> = std::result::Result<T, Problem>;

/// Writes the JSON text of the last value of the stack.
pub(super) fn encode(stack: &mut Stack<'_>, options: &Options, out: &mut Vec<u8>) -> Result {
    Encoder { options, out }.value(stack, 0)
}

struct Encoder<'a> {
    options: &'a Options,
    out: &'a mut Vec<u8>,
}

fn refuse<T>(what: &str, why: &str) -> Result<T> {
    Err(Problem::Text(format!("Cannot serialise {what}: {why}")))
}

impl Encoder<'_> {
    /// Writes the last value.
    fn value(&mut self, stack: &mut Stack<'_>, depth: i64) -> Result {
        match stack.item(-1) {
            Item::String(text) => self.string(text),
            Item::Number(number) => self.number(number)?,
            Item::Boolean(value) => {
                self.out.extend_from_slice(if value { b"true" } else { b"false" });
            }
            Item::Table => self.table(stack, depth + 1)?,
            Item::Nil | Item::Null => self.out.extend_from_slice(b"null"),
            Item::Other(what) => return refuse(what, "type not supported"),
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        let mut rest = text;
        while let Some(at) = rest.iter().position(|&byte| is_escaped(byte)) {
            self.out.extend_from_slice(&rest[..at]);
            match rest[at] {
                byte @ (b'"' | b'\\' | b'/') => self.out.extend_from_slice(&[b'\\', byte]),
                8 => self.out.extend_from_slice(b"\\b"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                12 => self.out.extend_from_slice(b"\\f"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                byte => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            }
            rest = &rest[at + 1..];
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }

    fn number(&mut self, number: f64) -> Result {
        if !number.is_finite() {
            match self.options.encode_invalid {
                Invalid::Refuse => return refuse("number", "must not be NaN or Inf"),
                Invalid::Allow if number.is_nan() => self.out.extend_from_slice(b"nan"),
                Invalid::Allow => self.out.extend_from_slice(general(number, 14).as_bytes()),
                Invalid::Null => self.out.extend_from_slice(b"null"),
            }
            return Ok(());
        }
        if write_integer(number, self.options.precision, self.out) {
            return Ok(());
        }
        let text = general(number, self.options.precision as usize);
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn table(&mut self, stack: &mut Stack<'_>, depth: i64) -> Result {
        if depth > self.options.encode_depth.min(DEPTH_MAX) {
            let text = format!("Cannot serialise, excessive nesting ({depth})");
            return Err(Problem::Text(text));
        }
        stack.reserve(ROOM)?;
        let length = self.array_length(stack)?;
        if length > 0 {
            return self.array(stack, length, depth);
        }
        self.out.push(b'{');
        let mut first = true;
        stack.walk(|stack| {
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            match stack.item(-2) {
                Item::String(text) => self.string(text),
                Item::Number(number) => {
                    self.out.push(b'"');
                    self.number(number)?;
                    self.out.push(b'"');
                }
                other => {
                    let what = other.type_name();
                    return refuse(what, "table key must be a number or string");
                }
            }
            self.out.push(b':');
            self.value(stack, depth)
        })?;
        self.out.push(b'}');
        Ok(())
    }

    fn array(&mut self, stack: &mut Stack<'_>, length: i32, depth: i64) -> Result {
        self.out.push(b'[');
        for index in 1..=length {
            if index > 1 {
                self.out.push(b',');
            }
            stack.get_index(index);
            self.value(stack, depth)?;
            stack.pop(1);
        }
        self.out.push(b']');
        Ok(())
    }

    /// The highest index of a table that has nothing but indexes; 0 if it is to be an object.
    fn array_length(&self, stack: &mut Stack<'_>) -> Result<i32> {
        let (mut top, mut items) = (0.0f64, 0i64);
        // The first key that is no index ends the walk.
        let walked = stack.walk(|stack| match stack.item(-2) {
            Item::Number(index) if index >= 1.0 && index.floor() == index => {
                top = top.max(index);
                items += 1;
                Ok(())
            }
            _ => Err(()),
        });
        if walked.is_err() {
            return Ok(0);
        }
        let options = self.options;
        let top = top as i64;
        let sparse = options.sparse_ratio > 0
            && top > items.saturating_mul(options.sparse_ratio)
            && top > options.sparse_safe;
        match sparse {
            true if options.sparse_convert => Ok(0),
            true => refuse("table", "excessively sparse array"),
            // Without a limit to its gaps, it could have more elements than any text could hold.
            false => i32::try_from(top).or_else(|_| refuse("table", "excessively sparse array")),
        }
    }
}

/// Whether JSON wants a byte written in another way.
fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'/' | 0..32 | 127)
}
