//! Lua values as replies.

use crate::stack::{Item, Problem, Stack};
use redpoll_resp::{Proto, Reply};

/// Tables within tables that are followed; a table that holds itself would have no end.
const DEPTH_MAX: usize = 200;
/// Values on the stack for each level.
const ROOM: i32 = 8;
const TOO_DEEP: &[u8] = b"ERR reached lua stack limit";

/// An error that a script has returned as its reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// The reply without its leading `-`.
    pub message: String,
    /// Whether the server has counted it already.
    pub counted: bool,
}

/// Writes the last value of the stack. `proto` is the protocol that the script has chosen for
/// itself: it says what a boolean becomes. A script that returns an error gets it back, and nothing
/// is written.
pub(crate) fn to_resp(
    stack: &mut Stack<'_>,
    proto: Proto,
    reply: &mut Reply<'_>,
) -> Result<Option<ErrorReply>, Problem> {
    if let Item::Table = stack.item(-1)
        && let Some(text) = text(stack, "err")
    {
        stack.get_field("ignore_error_stats_update");
        let counted = matches!(stack.item(-1), Item::Boolean(true));
        stack.pop(1);
        let message = String::from_utf8_lossy(&text).into_owned();
        let message = message.strip_prefix('-').map_or(message.clone(), str::to_owned);
        return Ok(Some(ErrorReply { message, counted }));
    }
    write(stack, proto, reply, 0)?;
    Ok(None)
}

/// Writes the last value of the stack, which stays there.
fn write(
    stack: &mut Stack<'_>,
    proto: Proto,
    reply: &mut Reply<'_>,
    depth: usize,
) -> Result<(), Problem> {
    match stack.item(-1) {
        Item::String(text) => reply.bulk(text),
        Item::Number(number) => reply.int(truncated(number)),
        Item::Boolean(value) if proto == Proto::Resp3 => reply.boolean(value),
        Item::Boolean(true) => reply.int(1),
        Item::Table if depth >= DEPTH_MAX => reply.error(TOO_DEEP),
        Item::Table => write_table(stack, proto, reply, depth + 1)?,
        _ => reply.null(),
    }
    Ok(())
}

fn write_table(
    stack: &mut Stack<'_>,
    proto: Proto,
    reply: &mut Reply<'_>,
    depth: usize,
) -> Result<(), Problem> {
    stack.reserve(ROOM)?;
    if let Some(text) = text(stack, "err") {
        reply.error(text.strip_prefix(b"-").unwrap_or(&text));
        return Ok(());
    }
    stack.get_field("ok");
    if let Item::String(text) = stack.item(-1) {
        match std::str::from_utf8(text) {
            Ok(text) if !text.contains(['\r', '\n']) => reply.simple(text),
            _ => reply.simple(&line(text)),
        }
        stack.pop(1);
        return Ok(());
    }
    stack.pop(1);
    stack.get_field("double");
    let double = stack.item(-1);
    if let Item::Number(number) = double {
        reply.double(number);
        stack.pop(1);
        return Ok(());
    }
    stack.pop(1);
    if let Some(text) = text(stack, "big_number") {
        reply.big_number(&line(&text));
        return Ok(());
    }
    if let Some((format, text)) = verbatim(stack) {
        reply.verbatim(&format, &text);
        return Ok(());
    }
    for (name, is_map) in [("map", true), ("set", false)] {
        stack.get_field(name);
        if let Item::Table = stack.item(-1) {
            write_pairs(stack, proto, reply, depth, is_map)?;
            stack.pop(1);
            return Ok(());
        }
        stack.pop(1);
    }
    write_array(stack, proto, reply, depth)
}

/// Format and text of a table that stands for a verbatim string.
fn verbatim(stack: &mut Stack<'_>) -> Option<(String, Vec<u8>)> {
    stack.get_field("verbatim_string");
    let parts = match stack.item(-1) {
        Item::Table => text(stack, "format").zip(text(stack, "string")),
        _ => None,
    };
    stack.pop(1);
    let (format, text) = parts?;
    let mut format = line(&format);
    while format.len() < 3 {
        format.push(' ');
    }
    let format: String = format.chars().filter(char::is_ascii).take(3).collect();
    Some((if format.len() == 3 { format } else { "txt".to_owned() }, text))
}

/// Writes a table's keys and values as a map, or its keys as a set.
fn write_pairs(
    stack: &mut Stack<'_>,
    proto: Proto,
    reply: &mut Reply<'_>,
    depth: usize,
    is_map: bool,
) -> Result<(), Problem> {
    let mut count = 0;
    stack.walk(|_| {
        count += 1;
        Ok::<(), Problem>(())
    })?;
    if is_map {
        reply.map(count);
    } else {
        reply.set(count);
    }
    stack.walk(|stack| {
        stack.push_key();
        write(stack, proto, reply, depth)?;
        stack.pop(1);
        if is_map { write(stack, proto, reply, depth) } else { Ok(()) }
    })
}

/// The elements up to the first that is nil.
fn write_array(
    stack: &mut Stack<'_>,
    proto: Proto,
    reply: &mut Reply<'_>,
    depth: usize,
) -> Result<(), Problem> {
    let mut result = Ok(());
    reply.array_later(|reply| {
        for index in 1.. {
            stack.get_index(index);
            let is_nil = matches!(stack.item(-1), Item::Nil);
            if !is_nil {
                result = write(stack, proto, reply, depth);
            }
            stack.pop(1);
            if is_nil || result.is_err() {
                return index as usize - 1;
            }
        }
        0
    });
    result
}

/// A number without its fraction; what no integer can hold becomes the least of them, as on Redis's
/// processors.
fn truncated(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// A text in a field of the last value, a table.
fn text(stack: &mut Stack<'_>, field: &str) -> Option<Vec<u8>> {
    stack.get_field(field);
    let text = match stack.item(-1) {
        Item::String(text) => Some(text.to_vec()),
        _ => None,
    };
    stack.pop(1);
    text
}

/// Text that fits into one line.
fn line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace(['\r', '\n'], " ")
}
