//! Lua values as replies.

use mlua::{Table, Value};
use redpoll_resp::{Proto, Reply};

/// Tables within tables that are followed; a table that holds itself would have no end.
const DEPTH_MAX: usize = 200;
const TOO_DEEP: &[u8] = b"ERR reached lua stack limit";

/// An error that a script has returned as its reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// The reply without its leading `-`.
    pub message: String,
    /// Whether the server has counted it already.
    pub counted: bool,
}

/// Writes what a script has returned. `proto` is the protocol that the script has chosen for
/// itself: it says what a boolean becomes. A script that returns an error gets it back, and nothing
/// is written.
pub fn to_resp(value: &Value, proto: Proto, reply: &mut Reply<'_>) -> Option<ErrorReply> {
    if let Value::Table(table) = value
        && let Some(text) = text(table, "err")
    {
        let counted = table.raw_get("ignore_error_stats_update").unwrap_or(false);
        let message = String::from_utf8_lossy(&text).into_owned();
        let message = message.strip_prefix('-').map_or(message.clone(), str::to_owned);
        return Some(ErrorReply { message, counted });
    }
    write(value, proto, reply, 0);
    None
}

fn write(value: &Value, proto: Proto, reply: &mut Reply<'_>, depth: usize) {
    match value {
        Value::String(text) => reply.bulk(&text.as_bytes()),
        Value::Integer(number) => reply.int(*number),
        Value::Number(number) => reply.int(truncated(*number)),
        Value::Boolean(value) if proto == Proto::Resp3 => reply.boolean(*value),
        Value::Boolean(true) => reply.int(1),
        Value::Table(_) if depth >= DEPTH_MAX => reply.error(TOO_DEEP),
        Value::Table(table) => write_table(table, proto, reply, depth + 1),
        _ => reply.null(),
    }
}

fn write_table(table: &Table, proto: Proto, reply: &mut Reply<'_>, depth: usize) {
    if let Some(text) = text(table, "err") {
        return reply.error(text.strip_prefix(b"-").unwrap_or(&text));
    }
    if let Some(text) = text(table, "ok") {
        return reply.simple(&line(&text));
    }
    match table.raw_get("double") {
        Ok(Value::Number(number)) => return reply.double(number),
        Ok(Value::Integer(number)) => return reply.double(number as f64),
        _ => {}
    }
    if let Some(text) = text(table, "big_number") {
        return reply.big_number(&line(&text));
    }
    if let Ok(Value::Table(inner)) = table.raw_get("verbatim_string")
        && let (Some(format), Some(text)) = (text(&inner, "format"), text(&inner, "string"))
    {
        let mut format = line(&format);
        while format.len() < 3 {
            format.push(' ');
        }
        let format: String = format.chars().filter(char::is_ascii).take(3).collect();
        return reply.verbatim(if format.len() == 3 { &format } else { "txt" }, &text);
    }
    if let Ok(Value::Table(inner)) = table.raw_get("map") {
        // Walked twice and never gathered: Lua can hold only so many values for us at once.
        reply.map(inner.pairs::<Value, Value>().flatten().count());
        for (key, value) in inner.pairs::<Value, Value>().flatten() {
            write(&key, proto, reply, depth);
            write(&value, proto, reply, depth);
        }
        return;
    }
    if let Ok(Value::Table(inner)) = table.raw_get("set") {
        reply.set(inner.pairs::<Value, Value>().flatten().count());
        for (member, _) in inner.pairs::<Value, Value>().flatten() {
            write(&member, proto, reply, depth);
        }
        return;
    }
    write_array(table, proto, reply, depth);
}

/// The elements up to the first that is nil.
fn write_array(table: &Table, proto: Proto, reply: &mut Reply<'_>, depth: usize) {
    reply.array_later(|reply| {
        let mut length = 0;
        loop {
            match table.raw_get::<Value>(length + 1) {
                Ok(Value::Nil) | Err(_) => return length,
                Ok(value) => write(&value, proto, reply, depth),
            }
            length += 1;
        }
    });
}

/// A number without its fraction; what no integer can hold becomes the least of them, as on Redis's
/// processors.
fn truncated(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// A field that holds a text.
fn text(table: &Table, field: &str) -> Option<Vec<u8>> {
    match table.raw_get(field) {
        Ok(Value::String(text)) => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}

/// Text that fits into one line.
fn line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace(['\r', '\n'], " ")
}
