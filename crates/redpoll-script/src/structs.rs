//! `struct`: packing values into binary strings and back.

use crate::fault::{bad_argument, text_error};
use crate::random::type_name;
use mlua::{Lua, MultiValue, Table, Value};

/// The widest integer.
const INTEGER_MAX: usize = 32;
/// The alignment of `!` without a number.
const ALIGN: usize = 8;
/// The longest result of `pack`.
const PACKED_MAX: usize = 512 << 20;

/// The library's table.
pub(crate) fn library(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("pack", lua.create_function(pack)?)?;
    table.raw_set("unpack", lua.create_function(unpack)?)?;
    table.raw_set("size", lua.create_function(size)?)?;
    Ok(table)
}

/// A format on its way, with the options that hold for what follows.
struct Format<'a> {
    lua: &'a Lua,
    function: &'static str,
    rest: &'a [u8],
    big: bool,
    align: usize,
}

/// One item of a format.
struct Item {
    option: u8,
    size: usize,
    /// Bytes before it for its alignment.
    padding: usize,
}

impl<'a> Format<'a> {
    fn new(lua: &'a Lua, function: &'static str, rest: &'a [u8]) -> Self {
        Format { lua, function, rest, big: cfg!(target_endian = "big"), align: 1 }
    }

    /// A number, if one stands here.
    fn number(&mut self, default: usize) -> mlua::Result<usize> {
        if !self.rest.first().is_some_and(u8::is_ascii_digit) {
            return Ok(default);
        }
        let mut number = 0usize;
        while let Some(digit) = self.rest.first().filter(|byte| byte.is_ascii_digit()) {
            number = number * 10 + usize::from(digit - b'0');
            if number > i32::MAX as usize {
                return Err(text_error(self.lua, "integral size overflow"));
            }
            self.rest = &self.rest[1..];
        }
        Ok(number)
    }

    fn size_of(&mut self, option: u8) -> mlua::Result<usize> {
        Ok(match option {
            b'B' | b'b' | b'x' => 1,
            b'H' | b'h' => 2,
            b'f' => 4,
            b'L' | b'l' | b'T' | b'd' => 8,
            b'c' => self.number(1)?,
            b'i' | b'I' => {
                let size = self.number(4)?;
                if size > INTEGER_MAX {
                    let text =
                        format!("integral size {size} is larger than limit of {INTEGER_MAX}");
                    return Err(text_error(self.lua, text));
                }
                size
            }
            _ => 0,
        })
    }

    /// The next item, at `at` bytes from the beginning. Options that are no items are carried out.
    fn next(&mut self, at: usize) -> mlua::Result<Option<Item>> {
        while let Some((&option, rest)) = self.rest.split_first() {
            self.rest = rest;
            if option == 0 {
                break;
            }
            let size = self.size_of(option)?;
            match option {
                b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' | b'f' | b'd'
                | b'x' => {
                    let unit = size.min(self.align);
                    // As in the original, sizes that are no powers of two align oddly.
                    let padding = match unit {
                        0 => 0,
                        unit => unit.wrapping_sub(at & (unit - 1)) & (unit - 1),
                    };
                    return Ok(Some(Item { option, size, padding }));
                }
                b'c' | b's' => return Ok(Some(Item { option, size, padding: 0 })),
                b' ' => {}
                b'>' => self.big = true,
                b'<' => self.big = false,
                b'!' => {
                    let align = self.number(ALIGN)?;
                    if !align.is_power_of_two() {
                        let text = format!("alignment {align} is not a power of 2");
                        return Err(text_error(self.lua, text));
                    }
                    self.align = align;
                }
                other => {
                    let why = format!("invalid format option '{}'", other as char);
                    return Err(bad_argument(self.lua, 1, self.function, &why));
                }
            }
        }
        Ok(None)
    }

    fn ordered<const N: usize>(&self, mut bytes: [u8; N]) -> [u8; N] {
        if self.big {
            bytes.reverse();
        }
        bytes
    }
}

/// An argument's text; numbers count as theirs.
pub(crate) fn text(lua: &Lua, args: &MultiValue, at: usize, name: &str) -> mlua::Result<Vec<u8>> {
    match args.get(at) {
        Some(Value::String(text)) => Ok(text.as_bytes().to_vec()),
        Some(value @ (Value::Integer(_) | Value::Number(_))) => {
            let text = lua.coerce_string(value.clone())?;
            Ok(text.map(|text| text.as_bytes().to_vec()).unwrap_or_default())
        }
        other => {
            let why = format!("string expected, got {}", type_name(other));
            Err(bad_argument(lua, at + 1, name, &why))
        }
    }
}

pub(crate) fn number(lua: &Lua, args: &MultiValue, at: usize, name: &str) -> mlua::Result<f64> {
    let number = match args.get(at) {
        Some(value) => lua.coerce_number(value.clone())?,
        None => None,
    };
    number.ok_or_else(|| {
        let why = format!("number expected, got {}", type_name(args.get(at)));
        bad_argument(lua, at + 1, name, &why)
    })
}

fn pack(lua: &Lua, args: MultiValue) -> mlua::Result<mlua::String> {
    const NAME: &str = "pack";
    let source = text(lua, &args, 0, NAME)?;
    let mut format = Format::new(lua, NAME, &source);
    let mut out = Vec::new();
    let mut arg = 1;
    while let Some(item) = format.next(out.len())? {
        if out.len().saturating_add(item.size) > PACKED_MAX {
            return Err(text_error(lua, "result too long"));
        }
        out.resize(out.len() + item.padding, 0);
        match item.option {
            b'x' => {
                out.push(0);
                continue;
            }
            b'f' => {
                let value = number(lua, &args, arg, NAME)? as f32;
                out.extend_from_slice(&format.ordered(value.to_le_bytes()));
            }
            b'd' => {
                let value = number(lua, &args, arg, NAME)?;
                out.extend_from_slice(&format.ordered(value.to_le_bytes()));
            }
            b'c' | b's' => {
                let value = text(lua, &args, arg, NAME)?;
                let size = if item.size == 0 { value.len() } else { item.size };
                let Some(part) = value.get(..size) else {
                    return Err(bad_argument(lua, arg + 2, NAME, "string too short"));
                };
                out.extend_from_slice(part);
                if item.option == b's' {
                    out.push(0);
                }
            }
            _ => {
                let value = number(lua, &args, arg, NAME)?;
                let bits = if value < 0.0 { value as i64 as u64 } else { value as u64 };
                let at = |place: usize| bits.checked_shr(8 * place as u32).unwrap_or(0) as u8;
                match format.big {
                    true => out.extend((0..item.size).rev().map(at)),
                    false => out.extend((0..item.size).map(at)),
                }
            }
        }
        arg += 1;
    }
    lua.create_string(out)
}

fn unpack(lua: &Lua, args: MultiValue) -> mlua::Result<MultiValue> {
    const NAME: &str = "unpack";
    let source = text(lua, &args, 0, NAME)?;
    let data = text(lua, &args, 1, NAME)?;
    let position = if args.len() > 2 { number(lua, &args, 2, NAME)? } else { 1.0 };
    if position < 1.0 {
        return Err(bad_argument(lua, 3, NAME, "offset must be 1 or greater"));
    }
    let mut at = position as usize - 1;
    let mut format = Format::new(lua, NAME, &source);
    let mut results: Vec<Value> = Vec::new();
    let short = || bad_argument(lua, 2, NAME, "data string too short");
    while let Some(item) = format.next(at)? {
        at = at.saturating_add(item.padding);
        let part = data.get(at..).and_then(|rest| rest.get(..item.size)).ok_or_else(short)?;
        let mut size = item.size;
        match item.option {
            b'x' => {}
            b'f' => {
                let bytes: [u8; 4] = part.try_into().map_err(|_| short())?;
                results.push(Value::Number(f32::from_le_bytes(format.ordered(bytes)).into()));
            }
            b'd' => {
                let bytes: [u8; 8] = part.try_into().map_err(|_| short())?;
                results.push(Value::Number(f64::from_le_bytes(format.ordered(bytes))));
            }
            b'c' => {
                if size == 0 {
                    let length = match results.pop() {
                        Some(value) => lua.coerce_number(value)?,
                        None => None,
                    };
                    let Some(length) = length else {
                        return Err(text_error(lua, "format 'c0' needs a previous size"));
                    };
                    size = length.max(0.0) as usize;
                }
                let part = data.get(at..).and_then(|rest| rest.get(..size)).ok_or_else(short)?;
                results.push(Value::String(lua.create_string(part)?));
            }
            b's' => {
                let rest = data.get(at..).unwrap_or_default();
                let Some(end) = rest.iter().position(|&byte| byte == 0) else {
                    return Err(text_error(lua, "unfinished string in data"));
                };
                results.push(Value::String(lua.create_string(&rest[..end])?));
                size = end + 1;
            }
            option => results.push(Value::Number(integer(part, format.big, option))),
        }
        at += size;
        if results.len() > RESULTS_MAX {
            return Err(text_error(lua, "stack overflow (too many results)"));
        }
    }
    results.push(Value::Number(at as f64 + 1.0));
    Ok(MultiValue::from_vec(results))
}

/// The most results of a function: what Lua's stack holds.
pub(crate) const RESULTS_MAX: usize = 7900;

/// An integer of any width, of which the low 64 bits count.
fn integer(bytes: &[u8], big: bool, option: u8) -> f64 {
    let mut value = 0u64;
    let mut add = |byte: &u8| value = value << 8 | u64::from(*byte);
    match big {
        true => bytes.iter().for_each(&mut add),
        false => bytes.iter().rev().for_each(&mut add),
    }
    if option.is_ascii_uppercase() {
        return value as f64;
    }
    match bytes.len() {
        0 => 0.0,
        width @ 1..8 => {
            let unused = 64 - 8 * width as u32;
            ((value << unused) as i64 >> unused) as f64
        }
        _ => value as i64 as f64,
    }
}

fn size(lua: &Lua, args: MultiValue) -> mlua::Result<f64> {
    const NAME: &str = "size";
    let source = text(lua, &args, 0, NAME)?;
    let mut format = Format::new(lua, NAME, &source);
    let mut at = 0usize;
    while let Some(item) = format.next(at)? {
        if item.option == b's' {
            return Err(bad_argument(lua, 1, NAME, "option 's' has no fixed size"));
        }
        if item.option == b'c' && item.size == 0 {
            return Err(bad_argument(lua, 1, NAME, "option 'c0' has no fixed size"));
        }
        at = at.saturating_add(item.padding).saturating_add(item.size);
    }
    Ok(at as f64)
}
