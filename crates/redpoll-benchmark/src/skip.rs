//! Counts replies in a stream of bytes without keeping any of them.
//!
//! A load generator must know when a reply is complete and whether it is an error, and nothing
//! else. So this reads only the lengths: a string is skipped by its length, and an aggregate just
//! adds its elements to a counter of what is still to come; nesting needs no stack. Bytes may be
//! cut anywhere. Push messages of RESP3 are no replies and are not counted.

use std::fmt;

/// Longest error text that is kept.
const ERROR_BYTES_MAX: usize = 1024;

/// What was found in some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Replies completed.
    pub replies: usize,
    /// The text of the first error reply.
    pub error: Option<String>,
}

/// The bytes are no RESP.
#[derive(Debug, PartialEq, Eq)]
pub enum SkipError {
    /// A reply starts with a byte that starts none.
    Type(u8),
    /// A length is no number, or out of range.
    Length,
}

impl fmt::Display for SkipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SkipError::Type(byte) => {
                write!(f, "Protocol error, got {:?} as reply type byte", char::from(*byte))
            }
            SkipError::Length => f.write_str("Protocol error, bad length in a reply"),
        }
    }
}

/// Where in a reply the bytes end so far.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the byte that tells the type.
    Type,
    /// In a line that is the whole element.
    Text,
    /// In the line of an error.
    Error,
    /// In the line that holds the length of a string (`$ = !`) or of an aggregate.
    Length(u8),
    /// In the body of a string: so many bytes are left, with the line end.
    Body(u64),
}

/// Reads a stream of replies.
pub struct Skipper {
    state: State,
    /// Elements still to come until the reply is complete; 0 between replies.
    elements: u64,
    /// The reply being read is a push message.
    push: bool,
    /// The length read so far, and its sign.
    length: u64,
    negative: bool,
    error: Vec<u8>,
}

impl Skipper {
    /// A reader at the start of a stream.
    pub fn new() -> Skipper {
        Skipper {
            state: State::Type,
            elements: 0,
            push: false,
            length: 0,
            negative: false,
            error: Vec::new(),
        }
    }

    /// Reads on through `bytes`. O(bytes) at most, and less for long strings.
    ///
    /// # Errors
    /// When the bytes cannot be RESP. The reader is of no use afterwards.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Skipped, SkipError> {
        let mut found = Skipped { replies: 0, error: None };
        let mut rest = bytes;
        while let Some((&first, after)) = rest.split_first() {
            match self.state {
                State::Type => {
                    self.begin(first)?;
                    rest = after;
                }
                State::Text => match line_end(rest) {
                    Some(end) => {
                        rest = &rest[end..];
                        self.complete(&mut found);
                    }
                    None => break,
                },
                State::Error => rest = self.error_line(rest, &mut found),
                State::Length(kind) => rest = self.length_line(kind, rest, &mut found)?,
                State::Body(left) => {
                    let taken = (rest.len() as u64).min(left);
                    rest = &rest[taken as usize..];
                    self.state = State::Body(left - taken);
                    if taken == left {
                        self.complete(&mut found);
                    }
                }
            }
        }
        Ok(found)
    }

    fn begin(&mut self, kind: u8) -> Result<(), SkipError> {
        if self.elements == 0 {
            self.elements = 1;
            self.push = kind == b'>';
        }
        self.state = match kind {
            b'+' | b':' | b'_' | b'#' | b',' | b'(' => State::Text,
            b'-' => State::Error,
            b'$' | b'=' | b'!' | b'*' | b'~' | b'>' | b'%' | b'|' => {
                self.length = 0;
                self.negative = false;
                State::Length(kind)
            }
            other => return Err(SkipError::Type(other)),
        };
        Ok(())
    }

    fn error_line<'a>(&mut self, rest: &'a [u8], found: &mut Skipped) -> &'a [u8] {
        let end = line_end(rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let room = ERROR_BYTES_MAX.saturating_sub(self.error.len());
        self.error.extend_from_slice(&line[..line.len().min(room)]);
        if line.last() == Some(&b'\n') {
            let text = String::from_utf8_lossy(self.error.trim_ascii_end()).into_owned();
            found.error.get_or_insert(text);
            self.error.clear();
            self.complete(found);
        }
        after
    }

    fn length_line<'a>(
        &mut self,
        kind: u8,
        rest: &'a [u8],
        found: &mut Skipped,
    ) -> Result<&'a [u8], SkipError> {
        for (at, &byte) in rest.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    let digit = u64::from(byte - b'0');
                    let next = self.length.checked_mul(10).and_then(|n| n.checked_add(digit));
                    self.length = next.ok_or(SkipError::Length)?;
                }
                b'-' => self.negative = true,
                b'\r' => {}
                b'\n' => {
                    self.length_known(kind, found)?;
                    return Ok(&rest[at + 1..]);
                }
                _ => return Err(SkipError::Length),
            }
        }
        Ok(&[])
    }

    fn length_known(&mut self, kind: u8, found: &mut Skipped) -> Result<(), SkipError> {
        let elements = match (kind, self.negative) {
            // The nulls of RESP2.
            (b'$' | b'*', true) if self.length == 1 => 0,
            (_, true) => return Err(SkipError::Length),
            (b'$' | b'=' | b'!', false) => {
                let body = self.length.checked_add(2).ok_or(SkipError::Length)?;
                self.state = State::Body(body);
                return Ok(());
            }
            (b'%', false) => self.length.checked_mul(2).ok_or(SkipError::Length)?,
            // Attributes come before the element they belong to, which is then still to come.
            (b'|', false) => self
                .length
                .checked_mul(2)
                .and_then(|n| n.checked_add(1))
                .ok_or(SkipError::Length)?,
            (_, false) => self.length,
        };
        self.elements = self.elements.checked_add(elements).ok_or(SkipError::Length)?;
        self.complete(found);
        Ok(())
    }

    /// One element is complete, and with the last one the reply.
    fn complete(&mut self, found: &mut Skipped) {
        self.state = State::Type;
        self.elements -= 1;
        if self.elements == 0 && !self.push {
            found.replies += 1;
        }
    }
}

/// The place after the first line feed.
fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the text whole, byte by byte, and cut at each place; all must agree.
    fn count(text: &str) -> Result<Skipped, SkipError> {
        let bytes = text.as_bytes();
        let whole = Skipper::new().feed(bytes);
        for cut in 0..=bytes.len() {
            let mut skipper = Skipper::new();
            let parts = [&bytes[..cut], &bytes[cut..]];
            assert_eq!(join(&mut skipper, parts.into_iter()), whole, "{text:?} cut at {cut}");
        }
        assert_eq!(join(&mut Skipper::new(), bytes.chunks(1)), whole, "{text:?} byte by byte");
        whole
    }

    fn join<'a>(
        skipper: &mut Skipper,
        parts: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Skipped, SkipError> {
        let mut sum = Skipped { replies: 0, error: None };
        for part in parts {
            let found = skipper.feed(part)?;
            sum.replies += found.replies;
            sum.error = sum.error.or(found.error);
        }
        Ok(sum)
    }

    fn replies(text: &str) -> usize {
        let found = count(text).expect("RESP");
        assert_eq!(found.error, None, "{text:?}");
        found.replies
    }

    #[test]
    fn plain_replies_count_one_each() {
        assert_eq!(replies("+OK\r\n+PONG\r\n:-17\r\n"), 3);
        assert_eq!(replies("$3\r\nabc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"), 5);
        assert_eq!(replies("_\r\n#t\r\n,1.5\r\n(123\r\n=7\r\ntxt:abc\r\n"), 5);
    }

    #[test]
    fn bytes_inside_of_strings_mean_nothing() {
        assert_eq!(replies("$8\r\n+OK\r\n-E\n\r\n+OK\r\n"), 2);
    }

    #[test]
    fn nested_replies_count_once() {
        assert_eq!(replies("*2\r\n*1\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n+OK\r\n"), 2);
        assert_eq!(replies("%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n:2\r\n"), 1);
    }

    #[test]
    fn pushes_and_attributes_are_no_replies() {
        assert_eq!(replies(">2\r\n+invalidate\r\n*1\r\n+k\r\n+OK\r\n>0\r\n"), 1);
        assert_eq!(replies("|1\r\n+ttl\r\n:5\r\n$1\r\na\r\n+OK\r\n"), 2);
        assert_eq!(replies("*1\r\n|1\r\n+a\r\n+b\r\n:1\r\n"), 1);
    }

    #[test]
    fn incomplete_replies_do_not_count() {
        for text in ["+OK\r", "$3\r\nabc", "$3\r\nabc\r", "*2\r\n:1\r\n", "$", ""] {
            assert_eq!(replies(text), 0, "{text:?}");
        }
    }

    #[test]
    fn the_first_error_is_told() {
        let found = count("+OK\r\n-ERR no\r\n-ERR never\r\n*1\r\n-ERR in\r\n").expect("RESP");
        assert_eq!(found, Skipped { replies: 4, error: Some("ERR no".into()) });
        let long = format!("-{}\r\n", "x".repeat(5000));
        let found = Skipper::new().feed(long.as_bytes()).expect("RESP");
        assert_eq!(found.error.map(|text| text.len()), Some(ERROR_BYTES_MAX));
    }

    #[test]
    fn garbage_is_refused() {
        assert_eq!(count("HTTP/1.1\r\n"), Err(SkipError::Type(b'H')));
        for text in ["$x\r\n", "$-2\r\n", "%-1\r\n", "*99999999999999999999\r\n", "$?\r\n"] {
            assert_eq!(count(text), Err(SkipError::Length), "{text:?}");
        }
        assert_eq!(count(&format!("${}\r\n", u64::MAX)), Err(SkipError::Length));
        assert_eq!(count(&format!("%{}\r\n", u64::MAX)), Err(SkipError::Length));
    }
}
