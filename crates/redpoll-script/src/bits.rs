//! `bit`: operations on the bits of 32-bit numbers, as LuaJIT has them.

use crate::fault::bad_argument;
use crate::random::type_name;
use mlua::{Lua, MultiValue, Table};

/// Two to the 52nd and the 51st: a number that they are added to shows its low bits.
const SHIFT_OUT: f64 = 6_755_399_441_055_744.0;

/// The library's table.
pub(crate) fn library(lua: &Lua) -> mlua::Result<Table> {
    let bit = lua.create_table()?;
    one(lua, &bit, "tobit", |a| a)?;
    one(lua, &bit, "bnot", |a| !a)?;
    one(lua, &bit, "bswap", u32::swap_bytes)?;
    fold(lua, &bit, "band", |a, b| a & b)?;
    fold(lua, &bit, "bor", |a, b| a | b)?;
    fold(lua, &bit, "bxor", |a, b| a ^ b)?;
    shift(lua, &bit, "lshift", |a, by| a << by)?;
    shift(lua, &bit, "rshift", |a, by| a >> by)?;
    shift(lua, &bit, "arshift", |a, by| (a as i32 >> by) as u32)?;
    shift(lua, &bit, "rol", u32::rotate_left)?;
    shift(lua, &bit, "ror", u32::rotate_right)?;
    bit.raw_set("tohex", lua.create_function(to_hex)?)?;
    Ok(bit)
}

/// The low 32 bits of an argument.
fn bits(lua: &Lua, args: &MultiValue, index: usize, function: &str) -> mlua::Result<u32> {
    let number = match args.get(index) {
        Some(value) => lua.coerce_number(value.clone())?,
        None => None,
    };
    match number {
        Some(number) => Ok((number + SHIFT_OUT).to_bits() as u32),
        None => {
            let why = format!("number expected, got {}", type_name(args.get(index)));
            Err(bad_argument(lua, index + 1, function, &why))
        }
    }
}

fn one(lua: &Lua, bit: &Table, name: &'static str, act: fn(u32) -> u32) -> mlua::Result<()> {
    let function = lua
        .create_function(move |lua, args: MultiValue| Ok(act(bits(lua, &args, 0, name)?) as i32))?;
    bit.raw_set(name, function)
}

fn fold(lua: &Lua, bit: &Table, name: &'static str, act: fn(u32, u32) -> u32) -> mlua::Result<()> {
    let function = lua.create_function(move |lua, args: MultiValue| {
        let mut result = bits(lua, &args, 0, name)?;
        for index in 1..args.len() {
            result = act(result, bits(lua, &args, index, name)?);
        }
        Ok(result as i32)
    })?;
    bit.raw_set(name, function)
}

fn shift(lua: &Lua, bit: &Table, name: &'static str, act: fn(u32, u32) -> u32) -> mlua::Result<()> {
    let function = lua.create_function(move |lua, args: MultiValue| {
        let value = bits(lua, &args, 0, name)?;
        Ok(act(value, bits(lua, &args, 1, name)? & 31) as i32)
    })?;
    bit.raw_set(name, function)
}

/// `tohex(x, n)`: the last `n` digits, upper-case if `n` is negative.
fn to_hex(lua: &Lua, args: MultiValue) -> mlua::Result<String> {
    let value = bits(lua, &args, 0, "tohex")?;
    let wanted = if args.len() < 2 { 8 } else { bits(lua, &args, 1, "tohex")? as i32 };
    let digits = wanted.unsigned_abs().min(8) as usize;
    let text = if wanted < 0 { format!("{value:08X}") } else { format!("{value:08x}") };
    Ok(text[8 - digits..].to_owned())
}
