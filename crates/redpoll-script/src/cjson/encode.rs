//! Lua values as JSON.

use super::{DEPTH_MAX, Invalid, Options};
use crate::fault::text_error;
use crate::number::general;
use mlua::{Lua, Table, Value};

/// The JSON text of a value.
pub(super) fn encode(lua: &Lua, options: &Options, value: &Value) -> mlua::Result<Vec<u8>> {
    let mut encoder = Encoder { lua, options, out: Vec::new() };
    encoder.value(value, 0)?;
    Ok(encoder.out)
}

struct Encoder<'a> {
    lua: &'a Lua,
    options: &'a Options,
    out: Vec<u8>,
}

impl Encoder<'_> {
    fn refuse<T>(&self, what: &str, why: &str) -> mlua::Result<T> {
        Err(text_error(self.lua, format!("Cannot serialise {what}: {why}")))
    }

    fn value(&mut self, value: &Value, depth: i64) -> mlua::Result<()> {
        match value {
            Value::String(text) => self.string(&text.as_bytes()),
            Value::Integer(number) => self.number(*number as f64)?,
            Value::Number(number) => self.number(*number)?,
            Value::Boolean(value) => {
                self.out.extend_from_slice(if *value { b"true" } else { b"false" });
            }
            Value::Table(table) => self.table(table, depth + 1)?,
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::LightUserData(address) if address.0.is_null() => {
                self.out.extend_from_slice(b"null");
            }
            Value::LightUserData(_) => return self.refuse("userdata", "type not supported"),
            other => return self.refuse(other.type_name(), "type not supported"),
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &byte in text {
            match byte {
                b'"' | b'\\' | b'/' => self.out.extend_from_slice(&[b'\\', byte]),
                8 => self.out.extend_from_slice(b"\\b"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                12 => self.out.extend_from_slice(b"\\f"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                0..32 | 127 => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => self.out.push(byte),
            }
        }
        self.out.push(b'"');
    }

    fn number(&mut self, number: f64) -> mlua::Result<()> {
        if !number.is_finite() {
            match self.options.encode_invalid {
                Invalid::Refuse => return self.refuse("number", "must not be NaN or Inf"),
                Invalid::Allow if number.is_nan() => self.out.extend_from_slice(b"nan"),
                Invalid::Allow => self.out.extend_from_slice(general(number, 14).as_bytes()),
                Invalid::Null => self.out.extend_from_slice(b"null"),
            }
            return Ok(());
        }
        let text = general(number, self.options.precision as usize);
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: i64) -> mlua::Result<()> {
        if depth > self.options.encode_depth.min(DEPTH_MAX) {
            let text = format!("Cannot serialise, excessive nesting ({depth})");
            return Err(text_error(self.lua, text));
        }
        let length = self.array_length(table)?;
        if length > 0 {
            return self.array(table, length, depth);
        }
        self.out.push(b'{');
        let mut first = true;
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            match &key {
                Value::String(text) => self.string(&text.as_bytes()),
                Value::Integer(_) | Value::Number(_) => {
                    self.out.push(b'"');
                    self.value(&key, depth)?;
                    self.out.push(b'"');
                }
                other => {
                    let what = other.type_name();
                    return self.refuse(what, "table key must be a number or string");
                }
            }
            self.out.push(b':');
            self.value(&value, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn array(&mut self, table: &Table, length: i64, depth: i64) -> mlua::Result<()> {
        self.out.push(b'[');
        for index in 1..=length {
            if index > 1 {
                self.out.push(b',');
            }
            self.value(&table.raw_get(index)?, depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// The highest index of a table that has nothing but indexes; 0 if it is to be an object.
    fn array_length(&self, table: &Table) -> mlua::Result<i64> {
        let (mut top, mut items) = (0i64, 0i64);
        for pair in table.pairs::<Value, Value>() {
            match pair?.0 {
                Value::Integer(index @ 1..) => top = top.max(index),
                Value::Number(index) if index >= 1.0 && index.floor() == index => {
                    top = top.max(index as i64);
                }
                _ => return Ok(0),
            }
            items += 1;
        }
        let options = self.options;
        let sparse = options.sparse_ratio > 0
            && top > items.saturating_mul(options.sparse_ratio)
            && top > options.sparse_safe;
        match sparse {
            true if options.sparse_convert => Ok(0),
            true => self.refuse("table", "excessively sparse array"),
            false => Ok(top),
        }
    }
}
