//! `math.random` and `math.randomseed`: the generator of `drand48`, so that a seed gives the same
//! numbers as in Redis, everywhere.

use crate::fault::{bad_argument, text_error};
use mlua::{Lua, MultiValue, Table, Value};
use std::cell::Cell;
use std::rc::Rc;

const FACTOR: u64 = 0x5_DEEC_E66D;
const ADDEND: u64 = 0xB;
const MASK: u64 = (1 << 48) - 1;
/// The state before any seed was given.
const START: u64 = 0x1234_ABCD_330E;
/// The low part of the state after a seed.
const SEEDED: u64 = 0x330E;
const RANGE: u64 = i32::MAX as u64;

/// Puts both functions into Lua's `math` table.
pub(crate) fn install(lua: &Lua, math: &Table) -> mlua::Result<()> {
    let state = Rc::new(Cell::new(START));
    let seeded = Rc::clone(&state);
    math.raw_set("random", lua.create_function(move |lua, args| random(lua, &state, &args))?)?;
    let seed = lua.create_function(move |lua, args: MultiValue| {
        let seed = whole(lua, &args, 0, "randomseed")?;
        seeded.set((seed as i32 as u32 as u64) << 16 | SEEDED);
        Ok(())
    })?;
    math.raw_set("randomseed", seed)
}

fn random(lua: &Lua, state: &Cell<u64>, args: &MultiValue) -> mlua::Result<f64> {
    let next = state.get().wrapping_mul(FACTOR).wrapping_add(ADDEND) & MASK;
    state.set(next);
    let part = ((next >> 17) % RANGE) as f64 / RANGE as f64;
    let (low, high, index) = match args.len() {
        0 => return Ok(part),
        1 => (1, whole(lua, args, 0, "random")?, 1),
        2 => (whole(lua, args, 0, "random")?, whole(lua, args, 1, "random")?, 2),
        _ => return Err(text_error(lua, "wrong number of arguments")),
    };
    if low > high {
        return Err(bad_argument(lua, index, "random", "interval is empty"));
    }
    Ok((part * (high as f64 - low as f64 + 1.0)).floor() + low as f64)
}

fn whole(lua: &Lua, args: &MultiValue, index: usize, function: &str) -> mlua::Result<i64> {
    let value = args.get(index).cloned().unwrap_or(Value::Nil);
    match lua.coerce_number(value.clone())? {
        Some(number) => Ok(number as i64),
        None => {
            let why = format!("number expected, got {}", type_name(args.get(index)));
            Err(bad_argument(lua, index + 1, function, &why))
        }
    }
}

/// The type of an argument as Lua's messages name it.
pub(crate) fn type_name(value: Option<&Value>) -> &'static str {
    value.map_or("no value", Value::type_name)
}
