//! Errors on their way through Lua.
//!
//! A callback can only fail with an `mlua::Error`. What a script shall see of it, a table with an
//! `err` field or a text, travels inside; the functions of the prelude that catch errors (`pcall`,
//! `coroutine.resume`) take it out again.

use mlua::{Lua, Table, Value};
use std::fmt;

/// See the module's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A table with this `err` field; true if the server has counted the error.
    Reply(String, bool),
    /// A text.
    Text(String),
    /// The script was killed; cannot be caught.
    Killed,
    /// The script will be run again; cannot be caught.
    Restart,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Reply(text, _) | Fault::Text(text) => text,
            Fault::Killed => KILLED,
            Fault::Restart => "the script runs again",
        })
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for mlua::Error {
    fn from(fault: Fault) -> Self {
        mlua::Error::external(fault)
    }
}

/// What the client of a killed script is told.
pub(crate) const KILLED: &str = "ERR Script killed by user with SCRIPT KILL...";

/// An error reply that is a table to the script. A text without a code word gets `ERR`.
pub(crate) fn reply_error(text: impl Into<String>) -> mlua::Error {
    Fault::Reply(format!("ERR {}", text.into()), false).into()
}

/// The error of a library function, which begins with the place of its call.
pub(crate) fn text_error(lua: &Lua, text: impl AsRef<str>) -> mlua::Error {
    Fault::Text(format!("{}{}", place(lua, 1), text.as_ref())).into()
}

/// The error for an argument of the wrong kind.
pub(crate) fn bad_argument(lua: &Lua, index: usize, function: &str, why: &str) -> mlua::Error {
    text_error(lua, format!("bad argument #{index} to '{function}' ({why})"))
}

/// Where a function was called that is so many levels up, as Lua puts it before a message:
/// `user_script:1: `. The running callback was called one level up.
pub(crate) fn place(lua: &Lua, level: usize) -> String {
    let place = lua.inspect_stack(level, |frame| {
        let line = frame.current_line()?;
        Some(format!("{}:{line}: ", frame.source().short_src?))
    });
    place.flatten().unwrap_or_default()
}

/// The fault inside an error, if it is one of ours.
pub(crate) fn fault_of(error: &mlua::Error) -> Option<&Fault> {
    match error {
        mlua::Error::CallbackError { cause, .. } | mlua::Error::WithContext { cause, .. } => {
            fault_of(cause)
        }
        error => error.downcast_ref::<Fault>(),
    }
}

/// The innermost message of an error that is none of ours.
pub(crate) fn message_of(error: &mlua::Error) -> String {
    match error {
        mlua::Error::CallbackError { cause, .. } | mlua::Error::WithContext { cause, .. } => {
            message_of(cause)
        }
        mlua::Error::RuntimeError(text) | mlua::Error::MemoryError(text) => {
            // Behind the message stands Lua's traceback.
            text.split("\nstack traceback:").next().unwrap_or(text).to_owned()
        }
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        error => error.to_string(),
    }
}

/// What a script sees of an error it has caught: a table or a text. `None` if it must not catch it.
pub(crate) fn understand(lua: &Lua, error: Value) -> mlua::Result<Option<Value>> {
    let Value::Error(error) = error else { return Ok(Some(error)) };
    Ok(Some(match fault_of(&error) {
        Some(Fault::Killed | Fault::Restart) => return Ok(None),
        Some(Fault::Reply(text, counted)) => Value::Table(error_table(lua, text, *counted)?),
        Some(Fault::Text(text)) => Value::String(lua.create_string(text)?),
        None => Value::String(lua.create_string(message_of(&error))?),
    }))
}

/// The table that stands for an error reply.
pub(crate) fn error_table(lua: &Lua, text: impl AsRef<[u8]>, counted: bool) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("err", lua.create_string(text)?)?;
    if counted {
        table.raw_set("ignore_error_stats_update", true)?;
    }
    Ok(table)
}
