//! Writes that depend on the value at hand: IFEQ, IFNE, IFDEQ and IFDNE of SET and DELEX.

use crate::prelude::*;
use redpoll_keyspace::StrRef;
use xxhash_rust::xxh3::xxh3_64;

/// The digits of a digest: 64 bits in base 16.
const DIGITS: usize = 16;

/// The digest of a string, as DIGEST answers it: XXH3, 64 bits wide, without a seed.
pub fn digest(bytes: &[u8]) -> [u8; DIGITS] {
    let mut hash = xxh3_64(bytes);
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(hash & 15) as usize];
        hash >>= 4;
    }
    digits
}

/// What the value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compare<'a> {
    /// Whether digests are compared, not the values themselves.
    digest: bool,
    /// Whether they must be the same.
    same: bool,
    word: &'a [u8],
}

impl<'a> Compare<'a> {
    /// The comparison that an option asks for, with the word that follows it.
    pub fn option(option: &[u8], word: &'a [u8]) -> Option<Self> {
        let options = [
            ("ifeq", false, true),
            ("ifne", false, false),
            ("ifdeq", true, true),
            ("ifdne", true, false),
        ];
        let found = options.into_iter().find(|(name, ..)| parse::is(option, name));
        found.map(|(_, digest, same)| Compare { digest, same, word })
    }

    /// Whether the value at `key` is as it must be; a key that is not there differs from
    /// everything. Counts as no read.
    pub fn holds(self, ctx: &mut Ctx<'_>, key: &[u8]) -> Result<bool> {
        match ctx.keys.string_for_write(key)? {
            Some(value) => Ok(self.equals(value)? == self.same),
            None => Ok(!self.same),
        }
    }

    fn equals(self, value: StrRef<'_>) -> Result<bool> {
        if !self.digest {
            return Ok(value.with(|bytes| bytes == self.word));
        }
        if self.word.len() != DIGITS {
            return Err(Error::text("ERR must be exactly 16 hexadecimal characters"));
        }
        Ok(value.with(digest).eq_ignore_ascii_case(self.word))
    }
}

/// The four conditions in the documentation of a command's arguments, behind others.
macro_rules! condition_args {
    ($($before:expr),*) => {
        Arg::one_of(
            "condition",
            &[
                $($before,)*
                Arg::string("ifeq-value").token("IFEQ"),
                Arg::string("ifne-value").token("IFNE"),
                Arg::string("ifdeq-digest").token("IFDEQ"),
                Arg::string("ifdne-digest").token("IFDNE"),
            ],
        )
        .optional()
    };
}
pub(super) use condition_args;
