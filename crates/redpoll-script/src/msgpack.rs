//! `cmsgpack`: MessagePack, with Lua's tables as arrays or maps.

use crate::fault::{bad_argument, text_error};
use crate::memory::{Budget, unlimited};
use crate::structs::{RESULTS_MAX, number, text};
use mlua::{Lua, MultiValue, Table, Value};

/// Tables within tables that are packed; what lies deeper becomes nil.
const NESTING_MAX: usize = 16;
/// Containers within containers that are unpacked.
const DEPTH_MAX: usize = 500;

/// The library's table.
pub(crate) fn library(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("pack", lua.create_function(pack)?)?;
    table.raw_set("unpack", lua.create_function(|lua, args| unpack(lua, &args, 0.0, 0.0))?)?;
    let one = |lua: &Lua, args: MultiValue| {
        let offset = if args.len() > 1 { number(lua, &args, 1, "unpack_one")? } else { 0.0 };
        unpack(lua, &args, 1.0, offset)
    };
    table.raw_set("unpack_one", lua.create_function(one)?)?;
    let limit = |lua: &Lua, args: MultiValue| {
        let limit = number(lua, &args, 1, "unpack_limit")?;
        let offset = if args.len() > 2 { number(lua, &args, 2, "unpack_limit")? } else { 0.0 };
        unpack(lua, &args, limit, offset)
    };
    table.raw_set("unpack_limit", lua.create_function(limit)?)?;
    table.raw_set("_NAME", "cmsgpack")?;
    table.raw_set("_VERSION", "lua-cmsgpack 0.4.0")?;
    table.raw_set("_DESCRIPTION", "MessagePack for Lua")?;
    Ok(table)
}

fn pack(lua: &Lua, args: MultiValue) -> mlua::Result<mlua::String> {
    if args.is_empty() {
        return Err(bad_argument(lua, 0, "pack", "MessagePack pack needs input."));
    }
    let mut out = Vec::new();
    unlimited(lua, |_| args.iter().try_for_each(|value| encode(value, &mut out, 0)))?;
    lua.create_string(out)
}

fn encode(value: &Value, out: &mut Vec<u8>, level: usize) -> mlua::Result<()> {
    match value {
        Value::String(text) => encode_bytes(&text.as_bytes(), out),
        Value::Boolean(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Integer(number) => encode_int(*number, out),
        Value::Number(number) if *number as i64 as f64 == *number => {
            encode_int(*number as i64, out);
        }
        Value::Number(number) => encode_double(*number, out),
        Value::Table(table) if level < NESTING_MAX => encode_table(table, out, level)?,
        _ => out.push(0xc0),
    }
    Ok(())
}

/// One of the heads with a 16-bit or a 32-bit length.
fn encode_head(length: usize, small: (u8, usize), (wide, widest): (u8, u8), out: &mut Vec<u8>) {
    if length < small.1 {
        out.push(small.0 | length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(wide);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(widest);
        out.extend_from_slice(&(length as u32).to_be_bytes());
    }
}

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    if (32..256).contains(&bytes.len()) {
        out.extend_from_slice(&[0xd9, bytes.len() as u8]);
    } else {
        encode_head(bytes.len(), (0xa0, 32), (0xda, 0xdb), out);
    }
    out.extend_from_slice(bytes);
}

fn encode_int(number: i64, out: &mut Vec<u8>) {
    match number {
        0..=0x7f => out.push(number as u8),
        0x80..=0xff => out.extend_from_slice(&[0xcc, number as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend_from_slice(&(number as u32).to_be_bytes());
        }
        0x1_0000_0000.. => {
            out.push(0xcf);
            out.extend_from_slice(&number.to_be_bytes());
        }
        -32..0 => out.push(number as u8),
        -128..-32 => out.extend_from_slice(&[0xd0, number as u8]),
        -0x8000..-128 => {
            out.push(0xd1);
            out.extend_from_slice(&(number as i16).to_be_bytes());
        }
        -0x8000_0000..-0x8000 => {
            out.push(0xd2);
            out.extend_from_slice(&(number as i32).to_be_bytes());
        }
        _ => {
            out.push(0xd3);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

fn encode_double(number: f64, out: &mut Vec<u8>) {
    let short = number as f32;
    if f64::from(short) == number {
        out.push(0xca);
        out.extend_from_slice(&short.to_be_bytes());
    } else {
        out.push(0xcb);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn encode_table(table: &Table, out: &mut Vec<u8>, level: usize) -> mlua::Result<()> {
    // Walked twice and never gathered: Lua can hold only so many values for us at once.
    let (mut count, mut top, mut is_array) = (0, 0, true);
    for pair in table.pairs::<Value, Value>() {
        match pair?.0 {
            Value::Integer(index @ 1..) => top = top.max(index),
            _ => is_array = false,
        }
        count += 1;
    }
    if is_array && top == count as i64 {
        encode_head(count, (0x90, 16), (0xdc, 0xdd), out);
        for index in 1..=top {
            encode(&table.raw_get(index)?, out, level + 1)?;
        }
        return Ok(());
    }
    encode_head(count, (0x80, 16), (0xde, 0xdf), out);
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        encode(&key, out, level + 1)?;
        encode(&value, out, level + 1)?;
    }
    Ok(())
}

/// Why bytes cannot be unpacked.
enum Bad {
    Missing,
    Format,
    Lua(mlua::Error),
}

impl From<mlua::Error> for Bad {
    fn from(error: mlua::Error) -> Self {
        Bad::Lua(error)
    }
}

/// What is left to unpack.
struct Input<'a> {
    lua: &'a Lua,
    budget: Budget<'a>,
    bytes: &'a [u8],
    depth: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Bad> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Bad::Missing)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// A big-endian number of `N` bytes.
    fn uint<const N: usize>(&mut self) -> Result<u64, Bad> {
        Ok(self.take(N)?.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn string(&mut self, length: usize) -> Result<Value, Bad> {
        let bytes = self.take(length)?;
        Ok(Value::String(self.lua.create_string(bytes)?))
    }

    fn array(&mut self, length: usize) -> Result<Value, Bad> {
        let table = self.descend()?;
        for index in 1..=length {
            table.raw_set(index, self.value()?)?;
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn map(&mut self, length: usize) -> Result<Value, Bad> {
        let table = self.descend()?;
        for _ in 0..length {
            let key = self.value()?;
            let value = self.value()?;
            match key {
                Value::Nil => return Err(Bad::Format),
                Value::Number(number) if number.is_nan() => return Err(Bad::Format),
                key => table.raw_set(key, value)?,
            }
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn descend(&mut self) -> Result<Table, Bad> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Bad::Format);
        }
        Ok(self.lua.create_table()?)
    }

    fn value(&mut self) -> Result<Value, Bad> {
        self.budget.spend()?;
        let kind = self.take(1)?[0];
        let number = |number: f64| Ok(Value::Number(number));
        match kind {
            0..=0x7f => number(f64::from(kind)),
            0xe0..=0xff => number(f64::from(kind as i8)),
            0xa0..=0xbf => self.string(usize::from(kind & 0x1f)),
            0x90..=0x9f => self.array(usize::from(kind & 0xf)),
            0x80..=0x8f => self.map(usize::from(kind & 0xf)),
            0xc0 => Ok(Value::Nil),
            0xc2 | 0xc3 => Ok(Value::Boolean(kind == 0xc3)),
            0xcc => number(self.uint::<1>()? as f64),
            0xcd => number(self.uint::<2>()? as f64),
            0xce => number(self.uint::<4>()? as f64),
            0xcf => number(self.uint::<8>()? as f64),
            0xd0 => number(f64::from(self.uint::<1>()? as i8)),
            0xd1 => number(f64::from(self.uint::<2>()? as i16)),
            0xd2 => number(f64::from(self.uint::<4>()? as i32)),
            0xd3 => number(self.uint::<8>()? as i64 as f64),
            0xca => number(f64::from(f32::from_bits(self.uint::<4>()? as u32))),
            0xcb => number(f64::from_bits(self.uint::<8>()?)),
            0xd9 => {
                let length = self.uint::<1>()?;
                self.string(length as usize)
            }
            0xda => {
                let length = self.uint::<2>()?;
                self.string(length as usize)
            }
            0xdb => {
                let length = self.uint::<4>()?;
                self.string(length as usize)
            }
            0xdc => {
                let length = self.uint::<2>()?;
                self.array(length as usize)
            }
            0xdd => {
                let length = self.uint::<4>()?;
                self.array(length as usize)
            }
            0xde => {
                let length = self.uint::<2>()?;
                self.map(length as usize)
            }
            0xdf => {
                let length = self.uint::<4>()?;
                self.map(length as usize)
            }
            _ => Err(Bad::Format),
        }
    }
}

/// Unpacks up to `limit` values from `offset` on, with the place behind them first; all values if
/// both are 0.
fn unpack(lua: &Lua, args: &MultiValue, limit: f64, offset: f64) -> mlua::Result<MultiValue> {
    let data = text(lua, args, 0, "unpack")?;
    if offset < 0.0 || limit < 0.0 {
        let text = format!(
            "Invalid request to unpack with offset of {} and limit of {}.",
            offset as i64,
            data.len()
        );
        return Err(text_error(lua, text));
    }
    let Some(bytes) = data.get(offset as usize..) else {
        let (offset, length) = (offset as i64, data.len());
        let text = format!("Start offset {offset} greater than input length {length}.");
        return Err(text_error(lua, text));
    };
    let all = limit == 0.0 && offset == 0.0;
    let limit = if all { usize::MAX } else { limit as usize };
    unlimited(lua, |budget| {
        let input = Input { lua, budget, bytes, depth: 0 };
        unpack_from(input, limit, (!all).then_some(data.len()))
    })
}

/// Unpacks up to `limit` values. With the length of the whole, the place behind the last comes
/// first.
fn unpack_from(
    mut input: Input<'_>,
    limit: usize,
    length: Option<usize>,
) -> mlua::Result<MultiValue> {
    let lua = input.lua;
    let mut values = Vec::new();
    while !input.bytes.is_empty() && values.len() < limit {
        match input.value() {
            Ok(value) => values.push(value),
            Err(Bad::Missing) => return Err(text_error(lua, "Missing bytes in input.")),
            Err(Bad::Format) => return Err(text_error(lua, "Bad data format in input.")),
            Err(Bad::Lua(error)) => return Err(error),
        }
        if values.len() > RESULTS_MAX {
            let text = "stack overflow (too many return values at once; use unpack_one or \
                        unpack_limit instead.)";
            return Err(text_error(lua, text));
        }
    }
    if let Some(length) = length {
        let next = length - input.bytes.len();
        let next = if input.bytes.is_empty() { -1.0 } else { next as f64 };
        values.insert(0, Value::Number(next));
    }
    Ok(MultiValue::from_vec(values))
}
