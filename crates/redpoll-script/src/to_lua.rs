//! Replies of commands as Lua values.
//!
//! The bytes come from the server's own commands, but nothing here relies on that: what is no
//! complete reply is an error.

use crate::fault::error_table;
use mlua::{Lua, Table, Value};
use redpoll_types::number::parse_i64;

/// Replies within replies that are followed; no command nests deeper.
const DEPTH_MAX: usize = 128;

/// What is wrong with bytes that should be a reply.
const MALFORMED: &str = "malformed reply";

/// The bytes that are left to read.
struct Input<'a> {
    bytes: &'a [u8],
    depth: usize,
}

/// The Lua value of an encoded reply.
pub fn to_lua(lua: &Lua, reply: &[u8]) -> mlua::Result<Value> {
    let mut input = Input { bytes: reply, depth: 0 };
    input.value(lua)
}

impl<'a> Input<'a> {
    fn malformed<T>() -> mlua::Result<T> {
        Err(mlua::Error::runtime(MALFORMED))
    }

    /// The rest of the line, without its end.
    fn line(&mut self) -> mlua::Result<&'a [u8]> {
        let Some(end) = self.bytes.iter().position(|&byte| byte == b'\r') else {
            return Self::malformed();
        };
        let line = &self.bytes[..end];
        self.bytes = match self.bytes.get(end + 2..) {
            Some(rest) => rest,
            None => return Self::malformed(),
        };
        Ok(line)
    }

    /// A line with an integer; lengths of one digit, the usual ones, are read without ado.
    fn int(&mut self) -> mlua::Result<i64> {
        match parse_i64(self.line()?) {
            Some(value) => Ok(value),
            None => Self::malformed(),
        }
    }

    /// A length and so many bytes; `None` for the absent string.
    fn bulk(&mut self) -> mlua::Result<Option<&'a [u8]>> {
        let Ok(length) = usize::try_from(self.int()?) else { return Ok(None) };
        let (Some(bytes), Some(rest)) =
            (self.bytes.get(..length), length.checked_add(2).and_then(|end| self.bytes.get(end..)))
        else {
            return Self::malformed();
        };
        self.bytes = rest;
        Ok(Some(bytes))
    }

    fn value(&mut self, lua: &Lua) -> mlua::Result<Value> {
        let Some((&kind, rest)) = self.bytes.split_first() else { return Self::malformed() };
        self.bytes = rest;
        Ok(match kind {
            b'$' => match self.bulk()? {
                Some(bytes) => Value::String(lua.create_string(bytes)?),
                None => Value::Boolean(false),
            },
            // Lua's numbers are floating-point: what is beyond 2^53 loses digits, as in Redis.
            b':' => Value::Number(self.int()? as f64),
            b'+' => field(lua, "ok", self.line()?)?,
            b'-' => Value::Table(error_table(lua, self.line()?, true)?),
            b'_' => {
                self.line()?;
                Value::Nil
            }
            b'#' => Value::Boolean(self.line()? == b"t"),
            b',' => self.double(lua)?,
            b'(' => field(lua, "big_number", self.line()?)?,
            b'=' => self.verbatim(lua)?,
            b'*' | b'>' | b'~' | b'%' | b'|' => self.nested(lua, kind)?,
            _ => return Self::malformed(),
        })
    }

    fn double(&mut self, lua: &Lua) -> mlua::Result<Value> {
        let text = std::str::from_utf8(self.line()?).unwrap_or_default();
        let Ok(number) = text.parse::<f64>() else { return Self::malformed() };
        let table = lua.create_table()?;
        table.raw_set("double", number)?;
        Ok(Value::Table(table))
    }

    fn verbatim(&mut self, lua: &Lua) -> mlua::Result<Value> {
        let Some(bytes) = self.bulk()? else { return Ok(Value::Nil) };
        let (Some(format), Some(text)) = (bytes.get(..3), bytes.get(4..)) else {
            return Self::malformed();
        };
        let inner = lua.create_table()?;
        inner.raw_set("string", lua.create_string(text)?)?;
        inner.raw_set("format", lua.create_string(format)?)?;
        let table = lua.create_table()?;
        table.raw_set("verbatim_string", inner)?;
        Ok(Value::Table(table))
    }

    fn nested(&mut self, lua: &Lua, kind: u8) -> mlua::Result<Value> {
        let length = self.int()?;
        let Ok(length) = usize::try_from(length) else { return Ok(Value::Boolean(false)) };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Self::malformed();
        }
        let value = match kind {
            b'%' => wrapped(lua, "map", self.pairs(lua, length)?)?,
            b'|' => {
                // An attribute is about the reply behind it.
                self.pairs(lua, length)?;
                self.value(lua)?
            }
            b'~' => {
                let table = lua.create_table()?;
                for _ in 0..length {
                    put(&table, self.value(lua)?, Value::Boolean(true))?;
                }
                wrapped(lua, "set", table)?
            }
            _ => {
                let room = length.min(self.bytes.len());
                let table = lua.create_table_with_capacity(room, 0)?;
                for index in 1..=length {
                    table.raw_set(index, self.value(lua)?)?;
                }
                Value::Table(table)
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn pairs(&mut self, lua: &Lua, length: usize) -> mlua::Result<Table> {
        let table = lua.create_table()?;
        for _ in 0..length {
            let key = self.value(lua)?;
            put(&table, key, self.value(lua)?)?;
        }
        Ok(table)
    }
}

/// Sets a field, unless its key is one that no table can have.
fn put(table: &Table, key: Value, value: Value) -> mlua::Result<()> {
    match key {
        Value::Nil => Ok(()),
        Value::Number(number) if number.is_nan() => Ok(()),
        key => table.raw_set(key, value),
    }
}

fn field(lua: &Lua, name: &str, text: &[u8]) -> mlua::Result<Value> {
    let table = lua.create_table()?;
    table.raw_set(name, lua.create_string(text)?)?;
    Ok(Value::Table(table))
}

fn wrapped(lua: &Lua, name: &str, inner: Table) -> mlua::Result<Value> {
    let table = lua.create_table()?;
    table.raw_set(name, inner)?;
    Ok(Value::Table(table))
}
