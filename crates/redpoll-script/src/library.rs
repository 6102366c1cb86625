//! `redis.register_function`: what a library declares while it loads.

use crate::registry::LoadedFunction;
use crate::shebang::{ScriptFlags, check_name};
use mlua::{Function, Lua, MultiValue, Table, Value};
use std::sync::atomic::AtomicBool;

/// A function that a library has registered.
#[derive(Clone)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<Vec<u8>>,
    /// What it may do and needs.
    pub flags: ScriptFlags,
    pub(crate) callback: Function,
}

impl Registered {
    /// The function as part of the library with this number.
    pub fn loaded(&self, library: u64) -> LoadedFunction {
        LoadedFunction {
            name: self.name.clone(),
            description: self.description.clone(),
            flags: self.flags,
            roams: AtomicBool::new(false),
            library,
        }
    }
}

/// Adds what a call of `redis.register_function` declares.
pub(crate) fn register(
    lua: &Lua,
    args: MultiValue,
    list: &mut Vec<Registered>,
) -> Result<(), String> {
    let function = match &args.into_vec()[..] {
        [named] => from_named(lua, named)?,
        [name, callback] => from_two(name, callback)?,
        _ => return Err("wrong number of arguments to redis.register_function".to_owned()),
    };
    check_name(function.name.as_bytes())?;
    if list.iter().any(|other| other.name == function.name) {
        return Err("Function already exists in the library".to_owned());
    }
    list.push(function);
    Ok(())
}

fn text_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::Integer(number) => Some(number.to_string().into_bytes()),
        Value::Number(number) => Some(crate::number::general(*number, 14).into_bytes()),
        _ => None,
    }
}

fn name_of(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn from_two(name: &Value, callback: &Value) -> Result<Registered, String> {
    let name = match name {
        Value::String(_) => text_of(name),
        _ => None,
    };
    let name = name.ok_or("first argument to redis.register_function must be a string")?;
    let Value::Function(callback) = callback else {
        return Err("second argument to redis.register_function must be a function".to_owned());
    };
    let (flags, callback) = (ScriptFlags::default(), callback.clone());
    Ok(Registered { name: name_of(name), description: None, flags, callback })
}

fn from_named(_lua: &Lua, named: &Value) -> Result<Registered, String> {
    let Value::Table(named) = named else {
        return Err("calling redis.register_function with a single argument is only applicable \
                    to Lua table (representing named arguments)."
            .to_owned());
    };
    let (mut name, mut description, mut callback) = (None, None, None);
    let mut flags = ScriptFlags::default();
    for pair in named.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|error| error.to_string())?;
        let key = text_of(&key)
            .ok_or("named argument key given to redis.register_function is not a string")?;
        match &key.to_ascii_lowercase()[..] {
            b"function_name" => {
                let text = "function_name argument given to redis.register_function must be a \
                            string";
                name = Some(string(&value, text)?);
            }
            b"description" => {
                let text = "description argument given to redis.register_function must be a string";
                description = Some(string(&value, text)?);
            }
            b"callback" => {
                let Value::Function(function) = value else {
                    return Err("callback argument given to redis.register_function must be a \
                                function"
                        .to_owned());
                };
                callback = Some(function);
            }
            b"flags" => {
                let Value::Table(table) = value else {
                    return Err("flags argument to redis.register_function must be a table \
                                representing function flags"
                        .to_owned());
                };
                flags = read_flags(&table).ok_or("unknown flag given")?;
            }
            _ => return Err("unknown argument given to redis.register_function".to_owned()),
        }
    }
    let name = name.ok_or("redis.register_function must get a function name argument")?;
    let callback = callback.ok_or("redis.register_function must get a callback argument")?;
    Ok(Registered { name: name_of(name), description, flags, callback })
}

fn string(value: &Value, otherwise: &str) -> Result<Vec<u8>, String> {
    match value {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        _ => Err(otherwise.to_owned()),
    }
}

fn read_flags(table: &Table) -> Option<ScriptFlags> {
    let mut flags = ScriptFlags::default();
    for index in 1.. {
        match table.raw_get::<Value>(index).ok()? {
            Value::Nil => break,
            value => {
                let name = text_of(&value)?.to_ascii_lowercase();
                flags = flags.with(ScriptFlags::named(&name)?);
            }
        }
    }
    Some(flags)
}
