//! JSON as Lua values.

use super::{DEPTH_MAX, Options};
use crate::stack::{Problem, Stack};

/// Values on the stack for each level.
const ROOM: i32 = 4;

type Result<T = ()> = std::result::Result<T, Problem>;

/// Pushes the value of a JSON text.
pub(super) fn decode(stack: &mut Stack<'_>, options: &Options, text: &[u8]) -> Result {
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        let text = "JSON parser does not support UTF-16 or UTF-32";
        return Err(Problem::Text(text.to_owned()));
    }
    let mut decoder =
        Decoder { stack, options, text, at: 0, token_at: 0, depth: 0, unescaped: Vec::new() };
    let token = decoder.next();
    decoder.value(token)?;
    match decoder.next() {
        Token::End => Ok(()),
        token => decoder.unexpected("the end", &token),
    }
}

/// A piece of JSON.
#[derive(Clone, Copy)]
enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Colon,
    Comma,
    /// A text, from here to there, or in `unescaped`.
    String(Option<(usize, usize)>),
    Number(f64),
    Boolean(bool),
    Null,
    End,
    Bad(&'static str),
}

impl Token {
    /// The token's name in messages.
    fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::String(_) => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::End => "T_END",
            Token::Bad(why) => why,
        }
    }
}

struct Decoder<'a, 's> {
    stack: &'a mut Stack<'s>,
    options: &'a Options,
    text: &'a [u8],
    at: usize,
    /// Where the last token begins, or what is wrong with it lies.
    token_at: usize,
    depth: i64,
    /// The last text, if it was not written as it is.
    unescaped: Vec<u8>,
}

impl Decoder<'_, '_> {
    fn unexpected<T>(&self, wanted: &str, found: &Token) -> Result<T> {
        let (name, at) = (found.name(), self.token_at + 1);
        let text = format!("Expected {wanted} but found {name} at character {at}");
        Err(Problem::Text(text))
    }

    /// The byte `ahead` of here; 0 behind the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn next(&mut self) -> Token {
        while matches!(self.peek(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.token_at = self.at;
        let single = match self.peek(0) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            0 if self.at >= self.text.len() => return Token::End,
            b'"' => return self.string(),
            b'-' | b'0'..=b'9' => return self.number(),
            _ => return self.word(),
        };
        self.at += 1;
        single
    }

    fn word(&mut self) -> Token {
        let rest = &self.text[self.at..];
        for (word, token) in [
            (&b"true"[..], Token::Boolean(true)),
            (b"false", Token::Boolean(false)),
            (b"null", Token::Null),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return token;
            }
        }
        let starts = |word: &[u8]| rest.len() >= 3 && rest[..3].eq_ignore_ascii_case(word);
        let number = rest.starts_with(b"+") || starts(b"inf") || starts(b"nan");
        if self.options.decode_invalid && number {
            return self.number();
        }
        Token::Bad("invalid token")
    }

    /// A number as C's `strtod` reads it, or as JSON has it if that is asked for.
    fn number(&mut self) -> Token {
        let rest = &self.text[self.at..];
        let unsigned = rest.strip_prefix(b"-").unwrap_or(rest);
        let strict = match unsigned {
            [b'0', b'x' | b'X' | b'0'..=b'9', ..] => false,
            [first, ..] => first.is_ascii_digit(),
            [] => false,
        };
        if !self.options.decode_invalid && !strict && !unsigned.is_empty() {
            return Token::Bad("invalid number");
        }
        match read_number(rest) {
            Some((number, length)) => {
                self.at += length;
                Token::Number(number)
            }
            None => Token::Bad("invalid number"),
        }
    }

    fn string(&mut self) -> Token {
        self.at += 1;
        let begin = self.at;
        let special = |&byte: &u8| matches!(byte, b'"' | b'\\' | 0);
        let rest = &self.text[begin..];
        self.at += rest.iter().position(special).unwrap_or(rest.len());
        if self.peek(0) == b'"' {
            self.at += 1;
            return Token::String(Some((begin, self.at - 1)));
        }
        let mut text = std::mem::take(&mut self.unescaped);
        text.clear();
        text.extend_from_slice(&self.text[begin..self.at]);
        let ended = self.escaped(&mut text);
        self.unescaped = text;
        match ended {
            Ok(()) => Token::String(None),
            Err(why) => self.bad(why),
        }
    }

    /// The rest of a text in which something is escaped.
    fn escaped(&mut self, text: &mut Vec<u8>) -> std::result::Result<(), &'static str> {
        loop {
            match self.peek(0) {
                b'"' => break,
                // A zero byte ends the text, as it does for the original.
                0 => return Err("unexpected end of string"),
                b'\\' => {
                    let escaped = match self.peek(1) {
                        b'u' => match self.unicode(text) {
                            Some(()) => continue,
                            None => return Err("invalid unicode escape code"),
                        },
                        byte @ (b'"' | b'\\' | b'/') => byte,
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 12,
                        b'r' => b'\r',
                        _ => return Err("invalid escape code"),
                    };
                    text.push(escaped);
                    self.at += 2;
                }
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok(())
    }

    fn bad(&mut self, why: &'static str) -> Token {
        self.token_at = self.at;
        Token::Bad(why)
    }

    /// The four digits `ahead` of here.
    fn hex(&self, ahead: usize) -> Option<u32> {
        (0..4).try_fold(0, |value, place| {
            let digit = char::from(self.peek(ahead + place)).to_digit(16)?;
            Some(value << 4 | digit)
        })
    }

    /// A `\uXXXX`, or two that are one character.
    fn unicode(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let mut code = self.hex(2)?;
        let mut length = 6;
        if code & 0xF800 == 0xD800 {
            if code & 0x400 != 0 || self.peek(6) != b'\\' || self.peek(7) != b'u' {
                return None;
            }
            let low = self.hex(8)?;
            if low & 0xFC00 != 0xDC00 {
                return None;
            }
            code = ((code & 0x3FF) << 10 | (low & 0x3FF)) + 0x10000;
            length = 12;
        }
        let mut buffer = [0; 4];
        text.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut buffer).as_bytes());
        self.at += length;
        Some(())
    }

    fn push_string(&mut self, text: Option<(usize, usize)>) -> Result {
        match text {
            Some((begin, end)) => self.stack.push_string(&self.text[begin..end]),
            None => self.stack.push_string(&self.unescaped),
        }
    }

    /// Pushes the value that begins with a token.
    fn value(&mut self, token: Token) -> Result {
        match token {
            Token::String(text) => self.push_string(text)?,
            Token::Number(number) => self.stack.push_number(number),
            Token::Boolean(value) => self.stack.push_boolean(value),
            Token::Null => self.stack.push_null(),
            Token::ObjectBegin => self.object()?,
            Token::ArrayBegin => self.array()?,
            token => return self.unexpected("value", &token),
        }
        Ok(())
    }

    fn descend(&mut self) -> Result {
        self.depth += 1;
        if self.depth > self.options.decode_depth.min(DEPTH_MAX) {
            let (depth, at) = (self.depth, self.at);
            let text = format!("Found too many nested data structures ({depth}) at character {at}");
            return Err(Problem::Text(text));
        }
        self.stack.reserve(ROOM)?;
        self.stack.push_table(0, 0)
    }

    fn object(&mut self) -> Result {
        self.descend()?;
        let mut token = self.next();
        if matches!(token, Token::ObjectEnd) {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            let Token::String(key) = token else {
                return self.unexpected("object key string", &token);
            };
            self.push_string(key)?;
            let colon = self.next();
            if !matches!(colon, Token::Colon) {
                return self.unexpected("colon", &colon);
            }
            let value = self.next();
            self.value(value)?;
            self.stack.set_pair();
            match self.next() {
                Token::ObjectEnd => break,
                Token::Comma => token = self.next(),
                other => return self.unexpected("comma or object end", &other),
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Result {
        self.descend()?;
        let mut token = self.next();
        if matches!(token, Token::ArrayEnd) {
            self.depth -= 1;
            return Ok(());
        }
        for index in 1.. {
            self.value(token)?;
            self.stack.set_index(index);
            match self.next() {
                Token::ArrayEnd => break,
                Token::Comma => token = self.next(),
                other => return self.unexpected("comma or array end", &other),
            }
        }
        self.depth -= 1;
        Ok(())
    }
}

/// The number at the beginning of a text, and its length: decimal, hexadecimal, infinite or none.
fn read_number(text: &[u8]) -> Option<(f64, usize)> {
    if let Some(short) = short_integer(text) {
        return Some(short);
    }
    let signed = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let negative = text.first() == Some(&b'-');
    let body = &text[signed..];
    let sign = if negative { -1.0 } else { 1.0 };
    let starts =
        |word: &[u8]| body.len() >= word.len() && body[..word.len()].eq_ignore_ascii_case(word);
    for (word, value) in
        [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)]
    {
        if starts(word) {
            return Some((sign * value, signed + word.len()));
        }
    }
    if starts(b"0x") {
        let digits = body[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 0 {
            let value = body[2..2 + digits].iter().fold(0.0, |value, &byte| {
                value * 16.0 + f64::from(char::from(byte).to_digit(16).unwrap_or(0))
            });
            return Some((sign * value, signed + 2 + digits));
        }
    }
    let digits = |from: usize| body[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    if body.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if whole + fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    } else if whole == 0 {
        return None;
    }
    if matches!(body.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(body.get(end + 1), Some(b'-' | b'+')));
        let exponent = body.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let number: f64 = std::str::from_utf8(&body[..end]).ok()?.parse().ok()?;
    Some((sign * number, signed + end))
}

/// A short integer without a sign and with nothing of a number behind it, and its length.
fn short_integer(text: &[u8]) -> Option<(f64, usize)> {
    let mut value = 0u64;
    for (length, &byte) in text.iter().take(16).enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            b',' | b'}' | b']' | b' ' | b'\n' if length > 0 => return Some((value as f64, length)),
            _ => return None,
        }
    }
    None
}
