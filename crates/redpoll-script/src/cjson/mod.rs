//! `cjson`: JSON, with the rules, the limits and the messages of the library of this name.

mod decode;
mod encode;

use crate::fault;
use crate::number::general;
use crate::random::type_name;
use crate::stack::{Item, Problem, Stack, bad_argument, native};
use mlua::{Lua, MultiValue, Table, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// What to do with numbers that JSON does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refuse,
    Allow,
    Null,
}

/// What scripts may set; it holds for all scripts that follow, as in Redis.
struct Options {
    sparse_convert: bool,
    sparse_ratio: i64,
    sparse_safe: i64,
    encode_depth: i64,
    decode_depth: i64,
    precision: i64,
    keep_buffer: bool,
    encode_invalid: Invalid,
    decode_invalid: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth: 1000,
            decode_depth: 1000,
            precision: 14,
            keep_buffer: true,
            encode_invalid: Invalid::Refuse,
            decode_invalid: true,
        }
    }
}

/// Depths beyond this are refused whatever a script sets: the stack would not hold them.
const DEPTH_MAX: i64 = 1000;

/// Bytes of room that are kept for the next text.
const KEPT: usize = 16 << 10;

type Shared = Rc<RefCell<Options>>;

/// The library's table.
pub(crate) fn library(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let options = Shared::default();
    let shared = Rc::clone(&options);
    let out = RefCell::new(Vec::new());
    let encode = move |stack: &mut Stack<'_>| {
        only_argument(stack, "encode")?;
        let mut out = out.borrow_mut();
        out.clear();
        encode::encode(stack, &shared.borrow(), &mut out)?;
        stack.push_string(&out)?;
        out.shrink_to(KEPT);
        Ok(())
    };
    table.raw_set("encode", native(lua, encode)?)?;
    let shared = Rc::clone(&options);
    let decode = move |stack: &mut Stack<'_>| {
        only_argument(stack, "decode")?;
        let text = match stack.item(1) {
            Item::String(text) => text.to_vec(),
            Item::Number(number) => general(number, 14).into_bytes(),
            other => {
                let why = format!("string expected, got {}", other.type_name());
                return Err(bad_argument(1, "decode", &why));
            }
        };
        decode::decode(stack, &shared.borrow(), &text)
    };
    table.raw_set("decode", native(lua, decode)?)?;
    settings(lua, &table, &options)?;
    table.raw_set("new", lua.create_function(|lua, ()| library(lua))?)?;
    table.raw_set("null", Value::NULL)?;
    table.raw_set("_NAME", "cjson")?;
    table.raw_set("_VERSION", "2.1.0")?;
    Ok(table)
}

fn only_argument(stack: &Stack<'_>, name: &str) -> Result<(), Problem> {
    match stack.len() {
        1 => Ok(()),
        _ => Err(bad_argument(1, name, "expected 1 argument")),
    }
}

/// The functions that set one option and return its value.
fn settings(lua: &Lua, table: &Table, options: &Shared) -> mlua::Result<()> {
    let shared = Rc::clone(options);
    let sparse = move |lua: &Lua, args: MultiValue| {
        const NAME: &str = "encode_sparse_array";
        let mut options = shared.borrow_mut();
        if let Some(convert) = boolean(lua, &args, 0, NAME)? {
            options.sparse_convert = convert;
        }
        let (ratio, safe) = (options.sparse_ratio, options.sparse_safe);
        options.sparse_ratio = integer(lua, &args, 1, ratio, (0, i64::from(i32::MAX)), NAME)?;
        options.sparse_safe = integer(lua, &args, 2, safe, (0, i64::from(i32::MAX)), NAME)?;
        Ok((options.sparse_convert, options.sparse_ratio, options.sparse_safe))
    };
    table.raw_set("encode_sparse_array", lua.create_function(sparse)?)?;
    number_option(lua, table, options, "encode_max_depth", (1, i64::from(i32::MAX)), |o| {
        &mut o.encode_depth
    })?;
    number_option(lua, table, options, "decode_max_depth", (1, i64::from(i32::MAX)), |o| {
        &mut o.decode_depth
    })?;
    number_option(lua, table, options, "encode_number_precision", (1, 14), |o| &mut o.precision)?;
    let shared = Rc::clone(options);
    let keep = move |lua: &Lua, args: MultiValue| {
        let mut options = shared.borrow_mut();
        if let Some(keep) = boolean(lua, &args, 0, "encode_keep_buffer")? {
            options.keep_buffer = keep;
        }
        Ok(options.keep_buffer)
    };
    table.raw_set("encode_keep_buffer", lua.create_function(keep)?)?;
    let shared = Rc::clone(options);
    let invalid = move |lua: &Lua, args: MultiValue| {
        let mut options = shared.borrow_mut();
        match args.front() {
            Some(Value::String(text)) if *text.as_bytes() == *b"null" => {
                options.encode_invalid = Invalid::Null;
            }
            _ => match boolean(lua, &args, 0, "encode_invalid_numbers")? {
                Some(true) => options.encode_invalid = Invalid::Allow,
                Some(false) => options.encode_invalid = Invalid::Refuse,
                None => {}
            },
        }
        Ok(match options.encode_invalid {
            Invalid::Refuse => Value::Boolean(false),
            Invalid::Allow => Value::Boolean(true),
            Invalid::Null => Value::String(lua.create_string("null")?),
        })
    };
    table.raw_set("encode_invalid_numbers", lua.create_function(invalid)?)?;
    let shared = Rc::clone(options);
    let invalid = move |lua: &Lua, args: MultiValue| {
        let mut options = shared.borrow_mut();
        if let Some(allow) = boolean(lua, &args, 0, "decode_invalid_numbers")? {
            options.decode_invalid = allow;
        }
        Ok(options.decode_invalid)
    };
    table.raw_set("decode_invalid_numbers", lua.create_function(invalid)?)
}

fn number_option(
    lua: &Lua,
    table: &Table,
    options: &Shared,
    name: &'static str,
    bounds: (i64, i64),
    field: fn(&mut Options) -> &mut i64,
) -> mlua::Result<()> {
    let shared = Rc::clone(options);
    let function = move |lua: &Lua, args: MultiValue| {
        let mut options = shared.borrow_mut();
        let current = *field(&mut options);
        let value = integer(lua, &args, 0, current, bounds, name)?;
        *field(&mut options) = value;
        Ok(value)
    };
    table.raw_set(name, lua.create_function(function)?)
}

fn integer(
    lua: &Lua,
    args: &MultiValue,
    at: usize,
    current: i64,
    (min, max): (i64, i64),
    name: &str,
) -> mlua::Result<i64> {
    let value = match args.get(at) {
        None | Some(Value::Nil) => return Ok(current),
        Some(value) => value,
    };
    let Some(number) = lua.coerce_number(value.clone())? else {
        let why = format!("number expected, got {}", type_name(Some(value)));
        return Err(fault::bad_argument(lua, at + 1, name, &why));
    };
    if !(min..=max).contains(&(number as i64)) {
        let why = format!("expected integer between {min} and {max}");
        return Err(fault::bad_argument(lua, 1, name, &why));
    }
    Ok(number as i64)
}

fn boolean(lua: &Lua, args: &MultiValue, at: usize, name: &str) -> mlua::Result<Option<bool>> {
    match args.get(at) {
        None | Some(Value::Nil) => Ok(None),
        Some(Value::Boolean(value)) => Ok(Some(*value)),
        Some(Value::String(text)) if *text.as_bytes() == *b"on" => Ok(Some(true)),
        Some(Value::String(text)) if *text.as_bytes() == *b"off" => Ok(Some(false)),
        Some(Value::String(text)) => {
            let why = format!("invalid option '{}'", text.to_string_lossy());
            Err(fault::bad_argument(lua, at + 1, name, &why))
        }
        other => {
            let why = format!("string expected, got {}", type_name(other));
            Err(fault::bad_argument(lua, at + 1, name, &why))
        }
    }
}
