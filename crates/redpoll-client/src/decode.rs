//! Bytes to replies: an incremental decoder of RESP2 and RESP3 for clients. No I/O.
//!
//! Bytes are fed in any pieces; [`Decoder::next`] gives one whole reply after another. Work done
//! on a partial reply is kept: open aggregates wait on a stack, and the search for a line's end
//! resumes where it stopped, so a reply that arrives in many pieces costs no more than one that
//! arrives whole.
//!
//! What arrives may be hostile. Nesting is bounded, so that dropping or printing a reply cannot
//! exhaust the thread's stack; lengths are bounded; and a count announced in a header reserves
//! only little memory until the elements really arrive. After an error the stream has no known
//! place to go on from, and the decoder answers every later call with the same error.

use std::fmt;

use crate::value::{Double, Value};

/// How deep aggregates may nest. Real replies stay below ten.
pub const DEPTH_MAX: usize = 128;

/// The longest string or line, in bytes: the limit servers have for what they store.
pub const LENGTH_MAX: usize = 512 * 1024 * 1024;

/// The most elements one aggregate may announce.
pub const COUNT_MAX: usize = (1 << 32) - 1;

/// Elements reserved on an aggregate's announcement; more are reserved as they arrive.
const RESERVE_MAX: usize = 1024;

/// Consumed bytes that may pile up in front of the buffer before it is moved down.
const COMPACT_BYTES: usize = 64 * 1024;

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// No RESP type begins with this byte.
    UnknownType(u8),
    /// A length or count that is not a decimal number or is out of bounds.
    BadLength,
    /// An integer reply that does not fit 64 bits or is no number.
    BadInteger,
    /// A double or big number that is no number, a boolean that is neither `t` nor `f`, a null
    /// with something behind it, or a verbatim string without its format.
    BadScalar,
    /// A string whose announced length is not followed by CRLF.
    MissingTerminator,
    /// Aggregates nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// A line or string longer than [`LENGTH_MAX`].
    TooLong,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(byte) => {
                let shown = byte.escape_ascii();
                write!(f, "Protocol error, got \"{shown}\" as reply type byte")
            }
            Self::BadLength => f.write_str("Protocol error, bad length"),
            Self::BadInteger => f.write_str("Bad integer value"),
            Self::BadScalar => f.write_str("Bad value"),
            Self::MissingTerminator => f.write_str("Protocol error, string without an end"),
            Self::TooDeep => f.write_str("Protocol error, reply nested too deeply"),
            Self::TooLong => f.write_str("Protocol error, reply too long"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The decoder's state. See the module's head.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Received bytes; those before `at` are consumed.
    buffer: Vec<u8>,
    at: usize,
    /// How far behind `at` the current line is known to hold no newline.
    scanned: usize,
    /// Aggregates whose elements are still arriving, outermost first.
    open: Vec<Frame>,
    failure: Option<DecodeError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Array,
    Map,
    Set,
    Push,
    Attribute,
}

#[derive(Debug)]
struct Frame {
    shape: Shape,
    /// Values still to come, never 0.
    missing: usize,
    items: Vec<Value>,
}

/// What one header, with its string where it has one, stands for.
enum Item {
    Leaf(Value),
    Aggregate(Shape, usize),
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes received bytes over. O(bytes).
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at >= COMPACT_BYTES || self.at == self.buffer.len() {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole reply, or `None` until more bytes are fed. Pushes come in their place among
    /// the replies.
    // Not an Iterator: `None` means "not yet", and there may be errors.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Value>, DecodeError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.advance().inspect_err(|failure| self.failure = Some(*failure))
    }

    /// Whether a reply has begun to arrive but is not complete.
    pub fn is_mid_reply(&self) -> bool {
        !self.open.is_empty() || self.at < self.buffer.len()
    }

    fn advance(&mut self) -> Result<Option<Value>, DecodeError> {
        loop {
            let Some(item) = self.item()? else { return Ok(None) };
            let value = match item {
                Item::Leaf(value) => value,
                Item::Aggregate(shape, 0) => assemble(shape, Vec::new()),
                Item::Aggregate(shape, missing) => {
                    if self.open.len() == DEPTH_MAX {
                        return Err(DecodeError::TooDeep);
                    }
                    let items = Vec::with_capacity(missing.min(RESERVE_MAX));
                    self.open.push(Frame { shape, missing, items });
                    continue;
                }
            };
            if let Some(whole) = self.place(value) {
                return Ok(Some(whole));
            }
        }
    }

    /// Puts a finished value into the innermost open aggregate, closing those it completes.
    /// Returns the value if nothing is open any more.
    fn place(&mut self, mut value: Value) -> Option<Value> {
        while let Some(frame) = self.open.last_mut() {
            frame.items.push(value);
            frame.missing -= 1;
            if frame.missing > 0 {
                return None;
            }
            let frame = self.open.pop()?;
            value = assemble(frame.shape, frame.items);
        }
        Some(value)
    }

    fn item(&mut self) -> Result<Option<Item>, DecodeError> {
        let Some(end) = self.line_end()? else { return Ok(None) };
        let line = &self.buffer[self.at..end];
        let next = end + 2;
        let Some((&kind, rest)) = line.split_first() else {
            return Err(DecodeError::UnknownType(b'\r'));
        };
        let item = match kind {
            b'$' | b'!' | b'=' => {
                let length = length(rest, LENGTH_MAX)?;
                return self.string(kind, length, next);
            }
            b'+' => Item::Leaf(Value::Status(rest.to_vec())),
            b'-' => Item::Leaf(Value::Error(rest.to_vec())),
            b':' => Item::Leaf(Value::Integer(integer(rest)?)),
            b',' => Item::Leaf(double(rest)?),
            b'#' => Item::Leaf(boolean(rest)?),
            b'(' => Item::Leaf(big_number(rest)?),
            b'_' if rest.is_empty() => Item::Leaf(Value::Null),
            b'_' => return Err(DecodeError::BadScalar),
            b'*' => aggregate(Shape::Array, rest)?,
            b'%' => aggregate(Shape::Map, rest)?,
            b'~' => aggregate(Shape::Set, rest)?,
            b'>' => aggregate(Shape::Push, rest)?,
            b'|' => aggregate(Shape::Attribute, rest)?,
            other => return Err(DecodeError::UnknownType(other)),
        };
        self.consume_to(next);
        Ok(Some(item))
    }

    /// The index of the CRLF that ends the current line. An unknown type byte is reported before
    /// its line is complete: such a line may never end.
    fn line_end(&mut self) -> Result<Option<usize>, DecodeError> {
        let pending = &self.buffer[self.at..];
        match pending.first() {
            Some(kind) if !b"$!=+-:,#(_*%~>|".contains(kind) => {
                return Err(DecodeError::UnknownType(*kind));
            }
            _ => {}
        }
        let fresh = &pending[self.scanned..];
        match fresh.windows(2).position(|pair| pair == b"\r\n") {
            Some(offset) => Ok(Some(self.at + self.scanned + offset)),
            None if pending.len() > LENGTH_MAX => Err(DecodeError::TooLong),
            None => {
                // The last byte may be the CR of a CRLF still to come.
                self.scanned = pending.len().saturating_sub(1);
                Ok(None)
            }
        }
    }

    /// The string that follows a header with its length; `start` is where it begins.
    fn string(
        &mut self,
        kind: u8,
        length: Option<usize>,
        start: usize,
    ) -> Result<Option<Item>, DecodeError> {
        let Some(length) = length else {
            self.consume_to(start);
            return Ok(Some(Item::Leaf(Value::Null)));
        };
        let end = start + length;
        let Some(terminator) = self.buffer.get(end..end + 2) else { return Ok(None) };
        if terminator != b"\r\n" {
            return Err(DecodeError::MissingTerminator);
        }
        let text = &self.buffer[start..end];
        let value = match kind {
            b'$' => Value::Bulk(text.to_vec()),
            b'!' => Value::Error(text.to_vec()),
            _ => verbatim(text)?,
        };
        self.consume_to(end + 2);
        Ok(Some(Item::Leaf(value)))
    }

    fn consume_to(&mut self, at: usize) {
        self.at = at;
        self.scanned = 0;
    }
}

fn aggregate(shape: Shape, digits: &[u8]) -> Result<Item, DecodeError> {
    let Some(count) = length(digits, COUNT_MAX)? else { return Ok(Item::Leaf(Value::Null)) };
    Ok(Item::Aggregate(
        shape,
        match shape {
            Shape::Map => count * 2,
            // The pairs, and then the value that they describe.
            Shape::Attribute => count * 2 + 1,
            _ => count,
        },
    ))
}

fn assemble(shape: Shape, mut items: Vec<Value>) -> Value {
    match shape {
        Shape::Array => Value::Array(items),
        Shape::Set => Value::Set(items),
        Shape::Push => Value::Push(items),
        Shape::Map => Value::Map(pair_up(items)),
        Shape::Attribute => {
            let value = items.pop().unwrap_or(Value::Null);
            Value::Attributed { attributes: pair_up(items), value: Box::new(value) }
        }
    }
}

fn pair_up(items: Vec<Value>) -> Vec<(Value, Value)> {
    let mut pairs = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        pairs.push((key, value));
    }
    pairs
}

/// A length or count; `-1` is RESP2's null.
fn length(digits: &[u8], max: usize) -> Result<Option<usize>, DecodeError> {
    if digits == b"-1" {
        return Ok(None);
    }
    if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecodeError::BadLength);
    }
    let number = digits.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match usize::try_from(number) {
        Ok(number) if number <= max => Ok(Some(number)),
        _ => Err(DecodeError::BadLength),
    }
}

fn integer(digits: &[u8]) -> Result<i64, DecodeError> {
    text(digits)?.parse().map_err(|_| DecodeError::BadInteger)
}

fn double(digits: &[u8]) -> Result<Value, DecodeError> {
    let text = text(digits)?;
    let number = text.parse().map_err(|_| DecodeError::BadScalar)?;
    Ok(Value::Double(Double { number, text: text.into() }))
}

fn boolean(letter: &[u8]) -> Result<Value, DecodeError> {
    match letter {
        b"t" => Ok(Value::Boolean(true)),
        b"f" => Ok(Value::Boolean(false)),
        _ => Err(DecodeError::BadScalar),
    }
}

fn big_number(line: &[u8]) -> Result<Value, DecodeError> {
    let digits = line.strip_prefix(b"-").or(line.strip_prefix(b"+")).unwrap_or(line);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecodeError::BadScalar);
    }
    Ok(Value::BigNumber(line.to_vec()))
}

fn verbatim(text: &[u8]) -> Result<Value, DecodeError> {
    match text {
        [a, b, c, b':', rest @ ..] => {
            Ok(Value::Verbatim { format: [*a, *b, *c], text: rest.to_vec() })
        }
        _ => Err(DecodeError::BadScalar),
    }
}

fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_| DecodeError::BadScalar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Result<Vec<Value>, DecodeError> {
        let mut decoder = Decoder::new();
        decoder.feed(bytes);
        let mut values = Vec::new();
        while let Some(value) = decoder.next()? {
            values.push(value);
        }
        Ok(values)
    }

    fn one(bytes: &[u8]) -> Value {
        let mut values = all(bytes).unwrap();
        assert_eq!(values.len(), 1, "{values:?}");
        values.remove(0)
    }

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.as_bytes().to_vec())
    }

    #[test]
    fn scalars() {
        assert_eq!(one(b"+OK\r\n"), Value::Status(b"OK".to_vec()));
        assert_eq!(one(b"-ERR no\r\n"), Value::Error(b"ERR no".to_vec()));
        assert_eq!(one(b":-42\r\n"), Value::Integer(-42));
        assert_eq!(one(b"$0\r\n\r\n"), bulk(""));
        assert_eq!(one(b"$4\r\na\r\nb\r\n"), bulk("a\r\nb"));
        for null in [&b"$-1\r\n"[..], b"*-1\r\n", b"_\r\n"] {
            assert_eq!(one(null), Value::Null);
        }
        assert_eq!(one(b"#t\r\n"), Value::Boolean(true));
        assert_eq!(one(b"!5\r\nERR x\r\n"), Value::Error(b"ERR x".to_vec()));
        assert_eq!(one(b"(-99999999999999999999\r\n").as_str(), Some("-99999999999999999999"));
        let verbatim = Value::Verbatim { format: *b"txt", text: b"hi".to_vec() };
        assert_eq!(one(b"=6\r\ntxt:hi\r\n"), verbatim);
        let Value::Double(double) = one(b",1.50\r\n") else { panic!("not a double") };
        assert_eq!((double.number, &*double.text), (1.5, "1.50"));
        let Value::Double(double) = one(b",-inf\r\n") else { panic!("not a double") };
        assert_eq!(double.number, f64::NEG_INFINITY);
    }

    #[test]
    fn aggregates_nest() {
        let reply = one(b"*3\r\n*0\r\n%1\r\n+k\r\n~2\r\n:1\r\n:2\r\n>1\r\n$1\r\nx\r\n");
        let set = Value::Set(vec![Value::Integer(1), Value::Integer(2)]);
        assert_eq!(
            reply,
            Value::Array(vec![
                Value::Array(Vec::new()),
                Value::Map(vec![(Value::Status(b"k".to_vec()), set)]),
                Value::Push(vec![bulk("x")]),
            ])
        );
    }

    #[test]
    fn attributes_stand_before_their_value() {
        let expected = Value::Attributed {
            attributes: vec![(Value::Status(b"ttl".to_vec()), Value::Integer(3))],
            value: Box::new(bulk("v")),
        };
        assert_eq!(one(b"|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n"), expected);
        assert_eq!(one(b"|0\r\n:1\r\n").as_i64(), Some(1));
    }

    #[test]
    fn what_is_wrong_is_named_and_stays() {
        let cases: [(&[u8], DecodeError); 12] = [
            (b"?", DecodeError::UnknownType(b'?')),
            (b"\r\n", DecodeError::UnknownType(b'\r')),
            (b"$?\r\n", DecodeError::BadLength),
            (b"$-2\r\n", DecodeError::BadLength),
            (b"*99999999999\r\n", DecodeError::BadLength),
            (b"$536870913\r\n", DecodeError::BadLength),
            (b":9223372036854775808\r\n", DecodeError::BadInteger),
            (b"#x\r\n", DecodeError::BadScalar),
            (b"_x\r\n", DecodeError::BadScalar),
            (b"(1x\r\n", DecodeError::BadScalar),
            (b"=2\r\nab\r\n", DecodeError::BadScalar),
            (b"$1\r\nabc", DecodeError::MissingTerminator),
        ];
        for (bytes, expected) in cases {
            let mut decoder = Decoder::new();
            decoder.feed(bytes);
            assert_eq!(decoder.next(), Err(expected), "{}", bytes.escape_ascii());
            decoder.feed(b"+OK\r\n");
            assert_eq!(decoder.next(), Err(expected), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(all(&b"*1\r\n".repeat(DEPTH_MAX)).unwrap().is_empty());
        assert_eq!(all(&b"*1\r\n".repeat(DEPTH_MAX + 1)), Err(DecodeError::TooDeep));
    }

    #[test]
    fn a_huge_announcement_reserves_little() {
        let mut decoder = Decoder::new();
        decoder.feed(b"*4294967295\r\n$500000000\r\n");
        assert_eq!(decoder.next(), Ok(None));
        assert!(decoder.open[0].items.capacity() <= RESERVE_MAX);
        assert!(decoder.is_mid_reply());
    }

    fn encode(value: &Value, out: &mut Vec<u8>) {
        let mut header = |kind: char, n: usize| out.extend(format!("{kind}{n}\r\n").bytes());
        match value {
            Value::Null => out.extend(b"_\r\n"),
            Value::Integer(n) => out.extend(format!(":{n}\r\n").bytes()),
            Value::Boolean(b) => out.extend(if *b { b"#t\r\n" } else { b"#f\r\n" }),
            Value::Bulk(text) => {
                header('$', text.len());
                out.extend(text);
                out.extend(b"\r\n");
            }
            Value::Array(items) => {
                header('*', items.len());
                items.iter().for_each(|item| encode(item, out));
            }
            Value::Map(pairs) => {
                header('%', pairs.len());
                for (key, value) in pairs {
                    encode(key, out);
                    encode(value, out);
                }
            }
            other => unreachable!("not generated: {other:?}"),
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            any::<bool>().prop_map(Value::Boolean),
            proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bulk),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                proptest::collection::vec((inner.clone(), inner), 0..4).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn pieces_of_any_size_give_the_same_replies(
            sent in proptest::collection::vec(values(), 1..5),
            piece in 1usize..9,
        ) {
            let mut bytes = Vec::new();
            sent.iter().for_each(|value| encode(value, &mut bytes));
            let mut decoder = Decoder::new();
            let mut seen = Vec::new();
            for part in bytes.chunks(piece) {
                decoder.feed(part);
                while let Some(value) = decoder.next().unwrap() {
                    seen.push(value);
                }
            }
            prop_assert!(!decoder.is_mid_reply());
            prop_assert_eq!(seen, sent);
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'*'), Just(b'1'), any::<u8>()], 0..64)
        ) {
            let _ = all(&bytes);
        }
    }
}
