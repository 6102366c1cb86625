//! What a replica shows to be let in at a table: a number that nobody can guess, of its own.

use std::fmt;
use std::io;

/// See the module's head.
#[derive(Clone)]
pub struct Token([u8; Token::LEN]);

impl Token {
    /// Bytes.
    pub const LEN: usize = 32;

    /// A new one, from the system's source of chance.
    pub fn new() -> io::Result<Token> {
        let mut bytes = [0; Token::LEN];
        let mut filled = 0;
        while filled < bytes.len() {
            let flags = rustix::rand::GetRandomFlags::empty();
            filled += rustix::rand::getrandom(&mut bytes[filled..], flags)?;
        }
        Ok(Token(bytes))
    }

    /// One that has been sent as bytes.
    pub fn from_bytes(bytes: [u8; Token::LEN]) -> Token {
        Token(bytes)
    }

    /// One that has been sent as text; `None`: the text is none.
    pub fn parse(text: &[u8]) -> Option<Token> {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        if text.len() != 2 * Token::LEN {
            return None;
        }
        let mut bytes = [0; Token::LEN];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Token(bytes))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; Token::LEN] {
        &self.0
    }
}

/// In the same time, wherever the two differ.
impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        let differ = self.0.iter().zip(&other.0).fold(0, |all, (one, other)| all | (one ^ other));
        std::hint::black_box(differ) == 0
    }
}

impl Eq for Token {}

/// As it is sent as text: digits of base 16.
impl fmt::Display for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// Nothing of it: logs are no place for it.
impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert_ne!(one, other);
        assert_eq!(Token::parse(one.to_string().as_bytes()), Some(one.clone()));
        assert_eq!(Token::from_bytes(*one.as_bytes()), one);
        for wrong in [&b""[..], b"00", &[b'g'; 64], &[b'0'; 65]] {
            assert_eq!(Token::parse(wrong), None);
        }
        assert!(!format!("{one:?}").contains(&one.to_string()[..4]));
    }
}
