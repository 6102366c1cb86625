//! Replies of commands as Lua values.
//!
//! The bytes come from the server's own commands, but nothing here relies on that: what is no
//! complete reply is an error.

use crate::fault::Fault;
use crate::stack::{Problem, Stack};
use redpoll_types::number::parse_i64;

/// Replies within replies that are followed; no command nests deeper.
const DEPTH_MAX: usize = 128;
/// Values on the stack for each level.
const ROOM: i32 = 10;

type Result<T = ()> = std::result::Result<T, Problem>;

/// The bytes that are left to read.
struct Input<'a> {
    bytes: &'a [u8],
    depth: usize,
}

/// Pushes the Lua value of an encoded reply.
pub(crate) fn to_lua(stack: &mut Stack<'_>, reply: &[u8]) -> Result {
    Input { bytes: reply, depth: 0 }.value(stack)
}

fn malformed<T>() -> Result<T> {
    Err(Fault::Text("malformed reply".to_owned()).into())
}

impl<'a> Input<'a> {
    /// The rest of the line, without its end.
    fn line(&mut self) -> Result<&'a [u8]> {
        let Some(end) = self.bytes.iter().position(|&byte| byte == b'\r') else {
            return malformed();
        };
        let line = &self.bytes[..end];
        self.bytes = match self.bytes.get(end + 2..) {
            Some(rest) => rest,
            None => return malformed(),
        };
        Ok(line)
    }

    fn int(&mut self) -> Result<i64> {
        match parse_i64(self.line()?) {
            Some(value) => Ok(value),
            None => malformed(),
        }
    }

    /// A length and so many bytes; `None` for the absent string.
    fn bulk(&mut self) -> Result<Option<&'a [u8]>> {
        let Ok(length) = usize::try_from(self.int()?) else { return Ok(None) };
        let (Some(bytes), Some(rest)) =
            (self.bytes.get(..length), length.checked_add(2).and_then(|end| self.bytes.get(end..)))
        else {
            return malformed();
        };
        self.bytes = rest;
        Ok(Some(bytes))
    }

    fn value(&mut self, stack: &mut Stack<'_>) -> Result {
        let Some((&kind, rest)) = self.bytes.split_first() else { return malformed() };
        self.bytes = rest;
        match kind {
            b'$' => match self.bulk()? {
                Some(bytes) => stack.push_string(bytes)?,
                None => stack.push_boolean(false),
            },
            // Lua's numbers are floating-point: what is beyond 2^53 loses digits, as in Redis.
            b':' => stack.push_number(self.int()? as f64),
            b'+' => field(stack, "ok", self.line()?)?,
            b'-' => push_error(stack, self.line()?, true)?,
            b'_' => {
                self.line()?;
                stack.push_nil();
            }
            b'#' => stack.push_boolean(self.line()? == b"t"),
            b',' => self.double(stack)?,
            b'(' => field(stack, "big_number", self.line()?)?,
            b'=' => self.verbatim(stack)?,
            b'*' | b'>' | b'~' | b'%' | b'|' => self.nested(stack, kind)?,
            _ => return malformed(),
        }
        Ok(())
    }

    fn double(&mut self, stack: &mut Stack<'_>) -> Result {
        let text = std::str::from_utf8(self.line()?).unwrap_or_default();
        let Ok(number) = text.parse::<f64>() else { return malformed() };
        wrapped(stack, "double", |stack| {
            stack.push_number(number);
            Ok(())
        })
    }

    fn verbatim(&mut self, stack: &mut Stack<'_>) -> Result {
        let Some(bytes) = self.bulk()? else {
            stack.push_nil();
            return Ok(());
        };
        let (Some(format), Some(text)) = (bytes.get(..3), bytes.get(4..)) else {
            return malformed();
        };
        wrapped(stack, "verbatim_string", |stack| {
            stack.push_table(0, 2)?;
            stack.set_text("string", text)?;
            stack.set_text("format", format)
        })
    }

    fn nested(&mut self, stack: &mut Stack<'_>, kind: u8) -> Result {
        let length = self.int()?;
        let Ok(length) = usize::try_from(length) else {
            stack.push_boolean(false);
            return Ok(());
        };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return malformed();
        }
        stack.reserve(ROOM)?;
        match kind {
            b'%' => wrapped(stack, "map", |stack| self.pairs(stack, length))?,
            b'|' => {
                // An attribute is about the reply behind it.
                self.pairs(stack, length)?;
                stack.pop(1);
                self.value(stack)?;
            }
            b'~' => wrapped(stack, "set", |stack| {
                stack.push_table(0, length.min(self.bytes.len()))?;
                for _ in 0..length {
                    self.value(stack)?;
                    stack.push_boolean(true);
                    stack.set_pair();
                }
                Ok(())
            })?,
            _ => {
                let Ok(length) = i32::try_from(length) else { return malformed() };
                stack.push_table((length as usize).min(self.bytes.len()), 0)?;
                for index in 1..=length {
                    self.value(stack)?;
                    stack.set_index(index);
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn pairs(&mut self, stack: &mut Stack<'_>, length: usize) -> Result {
        stack.push_table(0, length.min(self.bytes.len()))?;
        for _ in 0..length {
            self.value(stack)?;
            self.value(stack)?;
            stack.set_pair();
        }
        Ok(())
    }
}

/// Pushes a table with one field, a text.
fn field(stack: &mut Stack<'_>, name: &str, text: &[u8]) -> Result {
    stack.push_table(0, 1)?;
    stack.set_text(name, text)
}

/// Pushes a table with one field; `push` pushes what is in it.
fn wrapped(
    stack: &mut Stack<'_>,
    name: &str,
    push: impl FnOnce(&mut Stack<'_>) -> Result,
) -> Result {
    stack.push_table(0, 1)?;
    stack.push_string(name.as_bytes())?;
    push(stack)?;
    stack.set_pair();
    Ok(())
}

/// Pushes the table that stands for an error reply.
pub(crate) fn push_error(stack: &mut Stack<'_>, text: &[u8], counted: bool) -> Result {
    stack.push_table(0, 1 + usize::from(counted))?;
    stack.set_text("err", text)?;
    if counted {
        stack.push_string(b"ignore_error_stats_update")?;
        stack.push_boolean(true);
        stack.set_pair();
    }
    Ok(())
}
