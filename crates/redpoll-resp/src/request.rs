//! Requests: many commands parsed at once, in place, without an allocation for a normal command.
//!
//! The caller keeps the bytes of a connection in one buffer whose first byte is the first byte not
//! yet consumed. [`Parser::parse`] appends every complete command in it to a [`Batch`] of spans. A
//! command that has not arrived whole is remembered (how many arguments are still to come, and
//! where parsing stopped), so a value that trickles in is scanned once and not once for each read.
//!
//! Everything here comes from a stranger: counts are checked against [`Limits`] before they are
//! believed, and nothing is reserved for arguments that have only been announced.

mod args;
mod encode;
mod inline;

use crate::number::parse_i64;
pub use args::{Args, Batch, OwnedArgs, Span};
pub use encode::encode_words;
use memchr::memchr;

/// The longest line that may hold an inline command or a count.
const INLINE_MAX: usize = 64 * 1024;
/// The most arguments a command may have.
const ARGS_MAX: i64 = 1024 * 1024;
/// The most arguments, and the longest of them, before a client has authenticated.
const UNAUTHENTICATED_ARGS_MAX: i64 = 10;
const UNAUTHENTICATED_BULK_MAX: i64 = 16 * 1024;

/// Room for arguments that a connection keeps between commands.
const SPANS_KEPT: usize = 256;

/// What a client may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest argument in bytes (`proto-max-bulk-len`).
    pub bulk_max: u64,
    /// Whether the client may send more than the few short arguments that AUTH and HELLO need.
    pub authenticated: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bulk_max: 512 << 20, authenticated: true }
    }
}

/// Why a connection must be closed: its bytes are no RESP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A line without end where an inline command should be.
    InlineTooLong,
    /// A count line without end.
    ArgumentCountTooLong,
    /// A bulk length line without end.
    BulkLengthTooLong,
    /// The number of arguments is none, or too large.
    ArgumentCount,
    /// The number of arguments is too large for a client that has not authenticated.
    UnauthenticatedArgumentCount,
    /// An argument does not start with `$`.
    ExpectedBulk(u8),
    /// The length of an argument is none, or too large.
    BulkLength,
    /// The length of an argument is too large for a client that has not authenticated.
    UnauthenticatedBulkLength,
    /// The quotes of an inline command do not match.
    UnbalancedQuotes,
}

impl ProtocolError {
    /// The error reply without its leading `-`, as Redis words it.
    pub fn message(&self) -> String {
        let reason = match self {
            ProtocolError::InlineTooLong => "too big inline request",
            ProtocolError::ArgumentCountTooLong => "too big mbulk count string",
            ProtocolError::BulkLengthTooLong => "too big bulk count string",
            ProtocolError::ArgumentCount => "invalid multibulk length",
            ProtocolError::UnauthenticatedArgumentCount => "unauthenticated multibulk length",
            ProtocolError::ExpectedBulk(byte) => {
                // A line's end inside the reply would end it early.
                let shown = if matches!(byte, b'\r' | b'\n') { ' ' } else { char::from(*byte) };
                return format!("ERR Protocol error: expected '$', got '{shown}'");
            }
            ProtocolError::BulkLength => "invalid bulk length",
            ProtocolError::UnauthenticatedBulkLength => "unauthenticated bulk length",
            ProtocolError::UnbalancedQuotes => "unbalanced quotes in request",
        };
        format!("ERR Protocol error: {reason}")
    }
}

/// What one call of [`Parser::parse`] has found.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Bytes at the front of the buffer that belong to the commands now in the batch.
    pub consumed: usize,
    /// How many more bytes the command at hand needs at least; 0 if that is not known.
    pub missing: usize,
    /// The fault that ends the connection, after the batch has been executed and answered.
    pub error: Option<ProtocolError>,
}

/// The state of one connection's request stream: the command that has not arrived whole.
#[derive(Debug, Default)]
pub struct Parser {
    /// Arguments still to come; 0 between commands.
    args_left: usize,
    /// Bytes of the incomplete command that are parsed already.
    position: usize,
    /// The incomplete command's arguments so far, relative to its first byte.
    spans: Vec<Span>,
}

/// How one step of the parser ended.
enum Step {
    /// A command (possibly an empty one) is whole.
    Done,
    /// More bytes are needed: at least so many, if known.
    More(usize),
}

impl Parser {
    /// Whether a command has arrived in part.
    pub fn is_partial(&self) -> bool {
        self.args_left > 0
    }

    /// How many of the incomplete command's bytes are understood: whole arguments, and the
    /// announcement of the one that is arriving. `bytes` begin with its first.
    pub fn understood(&self, bytes: &[u8]) -> usize {
        if !self.is_partial() {
            return 0;
        }
        match bulk_length(bytes, self.position) {
            Ok(Some((_, start))) => start,
            _ => self.position,
        }
    }

    /// Forgets an incomplete command: for a caller that goes back to an earlier byte.
    pub fn reset(&mut self) {
        *self = Parser::default();
    }

    /// Parses up to `max` commands from the front of `buffer` and appends them to `batch`, whose
    /// spans then refer to `buffer`. (Inline commands are unquoted in place, hence the `&mut`.)
    pub fn parse(
        &mut self,
        buffer: &mut [u8],
        limits: &Limits,
        max: usize,
        batch: &mut Batch,
    ) -> Parsed {
        let mut start = 0;
        let mut missing = 0;
        let mut error = None;
        let full = batch.len() + max;
        while batch.len() < full && start < buffer.len() {
            // Unquoting rewrites the buffer, and a batch may be left half-way and its rest parsed
            // again; so a quoted inline command is the first of its batch.
            if !batch.is_empty() && !self.is_partial() && buffer[start] != b'*' {
                let line = memchr(b'\n', &buffer[start..])
                    .map_or(&[][..], |end| &buffer[start..start + end]);
                if memchr::memchr2(b'"', b'\'', line).is_some() {
                    break;
                }
            }
            match self.command(&mut buffer[start..], limits) {
                Ok(Step::Done) => {
                    batch.push(&self.spans, start, start + self.position);
                    start += self.position;
                    self.spans.clear();
                    self.spans.shrink_to(SPANS_KEPT);
                    self.position = 0;
                }
                Ok(Step::More(bytes)) => {
                    missing = bytes;
                    break;
                }
                Err(fault) => {
                    error = Some(fault);
                    break;
                }
            }
        }
        Parsed { consumed: start, missing, error }
    }

    /// Parses one command, whose first byte is `bytes[0]`.
    fn command(&mut self, bytes: &mut [u8], limits: &Limits) -> Result<Step, ProtocolError> {
        if self.args_left == 0 {
            if bytes[0] != b'*' {
                return self.inline(bytes);
            }
            let Some((count, next)) = argument_count(bytes)? else { return Ok(Step::More(0)) };
            if count > UNAUTHENTICATED_ARGS_MAX && !limits.authenticated {
                return Err(ProtocolError::UnauthenticatedArgumentCount);
            }
            self.position = next;
            if count <= 0 {
                return Ok(Step::Done);
            }
            self.args_left = count as usize;
        }
        self.arguments(bytes, limits)
    }

    fn arguments(&mut self, bytes: &[u8], limits: &Limits) -> Result<Step, ProtocolError> {
        while self.args_left > 0 {
            let at = self.position;
            let Some(&kind) = bytes.get(at) else { return Ok(Step::More(0)) };
            if kind != b'$' {
                return Err(ProtocolError::ExpectedBulk(kind));
            }
            let Some((length, start)) = bulk_length(bytes, at)? else {
                return match bytes.len() - at > INLINE_MAX {
                    true => Err(ProtocolError::BulkLengthTooLong),
                    false => Ok(Step::More(0)),
                };
            };
            if length < 0 || length as u64 > limits.bulk_max {
                return Err(ProtocolError::BulkLength);
            }
            if length > UNAUTHENTICATED_BULK_MAX && !limits.authenticated {
                return Err(ProtocolError::UnauthenticatedBulkLength);
            }
            let end = start + length as usize;
            if bytes.len() < end + 2 {
                return Ok(Step::More(end + 2 - bytes.len()));
            }
            self.spans.push(Span::new(start, end));
            self.position = end + 2;
            self.args_left -= 1;
        }
        Ok(Step::Done)
    }

    fn inline(&mut self, bytes: &mut [u8]) -> Result<Step, ProtocolError> {
        let Some(end) = memchr(b'\n', &bytes[..bytes.len().min(INLINE_MAX + 1)]) else {
            return match bytes.len() > INLINE_MAX {
                true => Err(ProtocolError::InlineTooLong),
                false => Ok(Step::More(0)),
            };
        };
        inline::split(&mut bytes[..end], &mut self.spans)?;
        self.position = end + 1;
        Ok(Step::Done)
    }
}

/// The number of arguments that a command announces, and where the first of them starts; `None` if
/// the line is not complete.
#[inline]
fn argument_count(bytes: &[u8]) -> Result<Option<(i64, usize)>, ProtocolError> {
    if let Some(short) = short_number(bytes, 1) {
        return Ok(Some(short));
    }
    match read_line(bytes, 1) {
        None if bytes.len() > INLINE_MAX => Err(ProtocolError::ArgumentCountTooLong),
        None => Ok(None),
        Some((text, next)) => {
            let count = parse_i64(text).filter(|&count| count <= ARGS_MAX);
            count.map(|count| Some((count, next))).ok_or(ProtocolError::ArgumentCount)
        }
    }
}

/// The length behind the `$` at `at`, and where the argument's bytes start; `None` if the line is
/// not complete.
#[inline(always)]
fn bulk_length(bytes: &[u8], at: usize) -> Result<Option<(i64, usize)>, ProtocolError> {
    match short_number(bytes, at + 1) {
        Some(short) => Ok(Some(short)),
        None => long_bulk_length(bytes, at),
    }
}

/// The same, of any length.
#[inline(never)]
fn long_bulk_length(bytes: &[u8], at: usize) -> Result<Option<(i64, usize)>, ProtocolError> {
    match read_line(bytes, at + 1) {
        None => Ok(None),
        Some((text, next)) => {
            parse_i64(text).map(|length| Some((length, next))).ok_or(ProtocolError::BulkLength)
        }
    }
}

/// A number of one to three digits with its line's end, and the position behind it: what almost
/// every count and length is, read without a search for the end of its line.
#[inline(always)]
fn short_number(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let &[a, b, c, d, e] = bytes.get(at..)?.first_chunk::<5>()?;
    let digit = |byte: u8| byte.wrapping_sub(b'0');
    if digit(a) > 9 {
        return None;
    }
    if b == b'\r' && c == b'\n' {
        return Some((i64::from(digit(a)), at + 3));
    }
    if digit(a) == 0 || digit(b) > 9 {
        return None;
    }
    let tens = i64::from(digit(a)) * 10 + i64::from(digit(b));
    if c == b'\r' && d == b'\n' {
        return Some((tens, at + 4));
    }
    let is_short = digit(c) <= 9 && d == b'\r' && e == b'\n';
    is_short.then(|| (tens * 10 + i64::from(digit(c)), at + 5))
}

/// The text from `from` to the next `\r\n`, and the position behind it.
///
/// As in Redis, the `\n` is taken for granted behind a `\r`, whatever stands there.
#[inline]
fn read_line(bytes: &[u8], from: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(from..)?;
    let end = memchr(b'\r', rest)?;
    (rest.len() > end + 1).then(|| (&rest[..end], from + end + 2))
}

#[cfg(test)]
mod tests;
