//! Passwords: only their SHA-256 is kept, and comparing takes the same time whatever differs.

use hmac_sha256::Hash;
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// The SHA-256 of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash([u8; 32]);

impl PasswordHash {
    /// The hash of a password in clear text.
    pub fn of(password: &[u8]) -> Self {
        PasswordHash(Hash::hash(password))
    }

    /// A hash as 64 lower-case hexadecimal digits.
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let mut hash = [0; 32];
        if digits.len() != 2 * hash.len() {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(PasswordHash(hash))
    }

    /// The 64 digits.
    pub fn digits(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Whether both are the same, found out in a time that does not depend on them.
    pub fn matches(&self, other: &PasswordHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for PasswordHash {
    /// Shows nothing of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash")
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_back() {
        let hash = PasswordHash::of(b"abc");
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.digits(), digits);
        assert!(PasswordHash::parse(digits.as_bytes()).is_some_and(|same| same.matches(&hash)));
        assert!(!PasswordHash::of(b"abd").matches(&hash));
        for wrong in [&digits[1..], &digits.to_uppercase(), &digits.replace('f', "g"), ""] {
            assert_eq!(PasswordHash::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
