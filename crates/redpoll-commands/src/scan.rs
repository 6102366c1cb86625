//! What the SCAN family shares: cursors, options, and the form of the reply.

use crate::answer;
use crate::matching::Pattern;
use crate::parse;
use redpoll_engine::{Error, Result};
use redpoll_resp::{Args, Reply};
use redpoll_types::listpack::Element;

/// What a scan is asked to do beside going on from a cursor.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How many elements to visit, about.
    pub count: usize,
    /// NOVALUES, NOSCORES: names of fields and members only.
    pub names_only: bool,
    pattern: Pattern<'a>,
}

/// What is scanned, as far as the options depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A hash, which knows NOVALUES.
    Hash,
    /// A sorted set, which knows NOSCORES.
    ZSet,
    /// Another collection.
    Other,
}

/// Reads a cursor as C's strtoul does: an unsigned 64-bit number, nothing at all for 0; a sign is
/// allowed, and a minus counts from 2^64 down.
pub fn cursor(word: &[u8]) -> Result<u64> {
    let (negative, digits) = match word {
        [] => return Ok(0),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, word),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::InvalidCursor);
    }
    let text = std::str::from_utf8(digits).map_err(|_| Error::InvalidCursor)?;
    let number: u64 = text.parse().map_err(|_| Error::InvalidCursor)?;
    Ok(if negative { number.wrapping_neg() } else { number })
}

impl<'a> Options<'a> {
    /// Reads MATCH, COUNT, NOVALUES and NOSCORES from the `from`th word on.
    pub fn parse(args: Args<'a>, from: usize, kind: Kind) -> Result<Self> {
        let mut options = Options { count: 10, names_only: false, pattern: Pattern::Any };
        let mut words = args.iter_from(from);
        while let Some(word) = words.next() {
            if parse::is(word, "count") {
                let count = parse::int(words.next().ok_or(Error::Syntax)?)?;
                options.count = usize::try_from(count).unwrap_or(0);
                if count < 1 {
                    return Err(Error::Syntax);
                }
            } else if parse::is(word, "match") {
                options.pattern = Pattern::new(words.next().ok_or(Error::Syntax)?);
            } else if parse::is(word, "novalues") {
                if kind != Kind::Hash {
                    return Err(Error::text("ERR NOVALUES option can only be used in HSCAN"));
                }
                options.names_only = true;
            } else if parse::is(word, "noscores") {
                if kind != Kind::ZSet {
                    return Err(Error::text("ERR NOSCORES option can only be used in ZSCAN"));
                }
                options.names_only = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether the pattern, if there is one, matches.
    #[inline]
    pub fn wants(&self, element: Element<'_>) -> bool {
        self.pattern == Pattern::Any || self.pattern.matches(element.as_bytes(&mut [0; 21]))
    }
}

/// Writes the reply of a scan: `body` writes the elements and returns the cursor to go on with and
/// how many elements it has written.
pub fn reply(reply: &mut Reply<'_>, body: impl FnOnce(&mut Reply<'_>) -> (u64, usize)) {
    let start = reply.mark();
    let (cursor, len) = body(reply);
    let middle = reply.mark();
    reply.array(2);
    reply.bulk(cursor.to_string().as_bytes());
    reply.array(len);
    answer::put_first(reply, start, middle);
}

/// The reply for a key that is not there.
pub fn reply_nothing(to: &mut Reply<'_>) {
    reply(to, |_| (0, 0));
}
